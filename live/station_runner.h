#pragma once

#include <optional>
#include <vector>

#include "live/event_loop.h"
#include "live/frame_observer.h"
#include "live/packet_port.h"
#include "protocol/station.h"

namespace pxeproof::live {

// Drives Stations on a network interface in real time: each is handed every frame that arrives.
// Port, stations and observer belong to the caller.
class StationRunner : public EventSource {
 public:
  explicit StationRunner(PacketPort& port, FrameObserver* observer = nullptr)
      : port_(port), observer_(observer) {}

  // Powers the station on.
  void add(Station& station);

  // Why receiving failed, if it did; nothing more arrives then.
  const std::optional<SystemError>& error() const { return error_; }

  std::vector<int> descriptors() const override { return {port_.descriptor()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override;

 private:
  void drain(Instant now, Station& station);
  void flush();

  PacketPort& port_;
  FrameObserver* observer_;
  std::vector<Station*> stations_;
  std::vector<Frame> outgoing_;  // the first outgoing_count_ are waiting, the rest is spare room
  std::size_t outgoing_count_ = 0;
  std::optional<SystemError> error_;
};

}  // namespace pxeproof::live
