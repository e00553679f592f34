#pragma once

#include <optional>
#include <vector>

#include "live/event_loop.h"
#include "live/packet_port.h"
#include "protocol/addresses.h"
#include "protocol/station.h"

namespace pxeproof::live {

// Drives one busy Station, such as a fleet: frames in and out by the batch, with the time read anew
// for each. Frames and the station's own deadlines take turns, so that neither starves the other.
// Ports and station belong to the caller.
class BatchRunner : public EventSource {
 public:
  // Where frames go out. With several cables it is a switch for the station: a frame to the host at
  // the other end of one goes there, every other frame to all; what comes from one goes to the
  // station only.
  struct Cable {
    PacketPort* port = nullptr;
    std::optional<MacAddress> host{};  // nullopt: many are behind it
  };
  BatchRunner(std::vector<Cable> cables, Station& station);

  // Powers the station on.
  void start();

  // Why receiving failed, if it did; nothing more arrives then.
  const std::optional<SystemError>& error() const { return error_; }

  std::vector<int> descriptors() const override;
  void on_readable(int descriptor) override;
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return station_.poll_timeout(); }

 private:
  struct Way {
    Cable cable;
    std::vector<Frame> frames;  // the first `count` are waiting; capacity is reused
    std::size_t count = 0;
    bool may_have_frames = false;  // since the last wake
  };

  void receive(Way& way);
  void drain();
  void put(Way& way, Frame& frame);
  void flush(Way& way);

  std::vector<Way> ways_;
  Station& station_;
  Frame scratch_;
  std::optional<SystemError> error_;
};

}  // namespace pxeproof::live
