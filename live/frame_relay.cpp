#include "live/frame_relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <span>

namespace pxeproof::live {
namespace {

constexpr std::size_t kMaximumFrame = 65536;
constexpr int kMaximumPerWake = 64;
constexpr int kMachinePatienceMilliseconds = 20;

}  // namespace

Activity FrameRelay::on_wake(Instant now) {
  const bool from = carry_from_machine(now);
  const bool to = carry_to_machine(now);
  return from || to ? Activity::Busy : Activity::Idle;
}

bool FrameRelay::passes(Instant now, Direction direction, ByteView frame) {
  if (gate_ == nullptr || gate_->lets_pass(now, direction, frame)) {
    return true;
  }
  ++statistics_.lost;
  return false;
}

bool FrameRelay::carry_from_machine(Instant now) {
  for (int i = 0; i < kMaximumPerWake; ++i) {
    frame_.resize(kMaximumFrame);
    const ssize_t size = recv(machine_.number(), frame_.data(), frame_.size(), MSG_DONTWAIT);
    if (size <= 0) {
      return i > 0;
    }
    frame_.resize(static_cast<std::size_t>(size));
    ++statistics_.from_machine;
    if (observer_ != nullptr) {
      observer_->on_frame(now, Direction::Sent, frame_);
    }
    if (passes(now, Direction::Sent, frame_)) {
      port_.send(std::span<const Frame>(&frame_, 1));
    }
  }
  return true;
}

bool FrameRelay::carry_to_machine(Instant now) {
  if (error_) {
    return false;
  }
  auto frames = port_.receive();
  if (!frames) {
    error_ = std::move(frames.error());
    return false;
  }
  for (const ByteView frame : *frames) {
    if (!passes(now, Direction::Received, frame)) {
      continue;
    }
    if (observer_ != nullptr) {
      observer_->on_frame(now, Direction::Received, frame);
    }
    ssize_t sent = send(machine_.number(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      pollfd writable{.fd = machine_.number(), .events = POLLOUT, .revents = 0};
      poll(&writable, 1, kMachinePatienceMilliseconds);
      sent = send(machine_.number(), frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    ++(sent < 0 ? statistics_.refused : statistics_.to_machine);
  }
  return !frames->empty();
}

}  // namespace pxeproof::live
