#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/time.h"
#include "trace/link_layer.h"

namespace pxeproof::trace {

// Puts the frames of a capture into the order of their times, as far as its memory reaches: files
// of several interfaces, and captures that were laid one behind the other, are not in order.
class TimeOrder {
 public:
  struct Options {
    std::size_t frames = 262'144;     // held at one time, at most
    std::size_t octets = 64U << 20U;  // of their content, at most
  };
  // A frame with all that its reader tells of it.
  struct Frame {
    Instant at;
    std::uint32_t number = 0;
    bool is_question = false;  // of frames of one time, questions come before answers
    std::uint32_t interface = 0;
    VlanTags vlans{};
    LinkType link = LinkType::Ethernet;
    std::uint32_t original_size = 0;
    Bytes octets;
  };

  explicit TimeOrder(Options options) : options_(options) {}
  TimeOrder() : TimeOrder(Options{}) {}

  void on_frame(Frame frame);
  // No more will come: everything may be handed out.
  void finish() { finished_ = true; }
  // The earliest frame, once there is no room for more; nullopt when all may wait.
  std::optional<Frame> poll_frame();

  // Frames that came behind a later one.
  std::uint64_t moved() const { return moved_; }

 private:
  Options options_;
  std::vector<Frame> held_;  // a heap, the earliest on top
  std::size_t octets_ = 0;
  bool finished_ = false;
  Instant newest_ = Instant::min();
  std::uint64_t moved_ = 0;
};

}  // namespace pxeproof::trace
