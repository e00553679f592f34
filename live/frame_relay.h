#pragma once

#include <cstdint>

#include "live/event_loop.h"
#include "live/file_descriptor.h"
#include "live/frame_observer.h"
#include "live/packet_port.h"

namespace pxeproof::live {

// Decides which frames get through a relay: the place for loss.
class FrameGate {
 public:
  virtual ~FrameGate() = default;

  // Sent: by the machine. The view is valid during the call only.
  virtual bool lets_pass(Instant now, Direction direction, ByteView frame) = 0;
};

// The cable between a virtual machine, which sends and takes one frame per datagram of a socket,
// and a packet port. The observer is shown what a capture at the machine would show.
class FrameRelay : public EventSource {
 public:
  struct Statistics {
    std::uint64_t from_machine = 0;
    std::uint64_t to_machine = 0;
    std::uint64_t lost = 0;     // at the gate
    std::uint64_t refused = 0;  // by a machine that does not read
  };

  // Port, observer and gate belong to the caller.
  FrameRelay(PacketPort& port, FileDescriptor machine, FrameObserver* observer = nullptr,
             FrameGate* gate = nullptr)
      : port_(port), machine_(std::move(machine)), observer_(observer), gate_(gate) {}

  const Statistics& statistics() const { return statistics_; }
  const std::optional<SystemError>& error() const { return error_; }

  std::vector<int> descriptors() const override { return {port_.descriptor(), machine_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  bool carry_from_machine(Instant now);
  bool carry_to_machine(Instant now);
  bool passes(Instant now, Direction direction, ByteView frame);

  PacketPort& port_;
  FileDescriptor machine_;
  FrameObserver* observer_;
  FrameGate* gate_;
  Frame frame_;
  Statistics statistics_;
  std::optional<SystemError> error_;
};

}  // namespace pxeproof::live
