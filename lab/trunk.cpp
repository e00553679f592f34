#include "lab/trunk.h"

#include <algorithm>
#include <cassert>

#include "protocol/frames/inspect.h"

namespace pxeproof::lab {
namespace {

// How many crossings before its own a frame is fetched, and what it concerns.
constexpr std::size_t kFetchAhead = 12;
constexpr std::size_t kExpectAhead = 4;

}  // namespace

void Trunk::attach_host(Station& station, const MacAddress& mac) {
  attach({.station = &station, .mac = mac});
}

void Trunk::attach_rest(Station& station) {
  assert(!rest_);
  rest_ = ports_.size();
  attach({.station = &station, .mac = std::nullopt});
}

void Trunk::attach(Port port) {
  ports_.push_back(std::move(port));
  ports_.back().station->start(now_);
  collect(ports_.size() - 1);
}

void Trunk::collect(std::size_t id) {
  Port& port = ports_[id];
  while (true) {
    Frame frame;
    if (!port.spare.empty()) {
      frame = std::move(port.spare.back());
      port.spare.pop_back();
    }
    if (!port.station->poll_transmit(frame)) {
      port.spare.push_back(std::move(frame));
      break;
    }
    ++frames_sent_;
    wire_.push_back({now_ + options_.wire_delay, id, std::move(frame)});
  }
  port.deadline = port.station->poll_timeout();
}

void Trunk::hand_over(std::size_t id, ByteView frame) {
  ports_[id].station->on_frame(now_, frame);
  collect(id);
}

void Trunk::deliver(const Crossing& crossing) {
  const ByteView frame(crossing.frame);
  if (frame.size() < frames::kEthernetHeaderSize) return;
  const MacAddress to = *MacAddress::from(frame.first(6));
  if (to.is_group()) {
    for (std::size_t id = 0; id < ports_.size(); ++id) {
      if (id != crossing.sender) hand_over(id, frame);
    }
    return;
  }
  for (std::size_t id = 0; id < ports_.size(); ++id) {
    if (ports_[id].mac == to) return hand_over(id, frame);
  }
  if (rest_ && *rest_ != crossing.sender) hand_over(*rest_, frame);
}

// A storm's frames and machines are more than a processor's caches hold: what comes next is fetched
// while something else is at work.
void Trunk::expect_next() const {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kHeaders = 4 * kLine;  // the rest is read in order
  if (wire_.size() > kFetchAhead) {
    const Frame& frame = wire_[kFetchAhead].frame;
    for (std::size_t at = 0; at < std::min(kHeaders, frame.size()); at += kLine) {
      __builtin_prefetch(frame.data() + at);
    }
  }
  if (wire_.size() <= kExpectAhead) return;
  const Crossing& next = wire_[kExpectAhead];
  if (rest_ && next.sender != *rest_) ports_[*rest_].station->expect(next.frame);
}

RunEnd Trunk::run_until(const std::function<bool()>& condition, Instant deadline) {
  while (!condition()) {
    std::size_t due = ports_.size();
    for (std::size_t id = 0; id < ports_.size(); ++id) {
      const auto& wanted = ports_[id].deadline;
      if (wanted && (due == ports_.size() || *wanted < *ports_[due].deadline)) due = id;
    }
    const bool has_timeout = due != ports_.size();
    if (wire_.empty() && !has_timeout) return RunEnd::Idle;
    // At the same instant frames come before timeouts.
    const bool timeout_first =
        wire_.empty() || (has_timeout && *ports_[due].deadline < wire_.front().at);
    const Instant at = timeout_first ? *ports_[due].deadline : wire_.front().at;
    if (at > deadline) {
      now_ = std::max(now_, deadline);
      return RunEnd::Deadline;
    }
    now_ = std::max(now_, at);
    if (timeout_first) {
      ports_[due].station->on_timeout(now_);
      collect(due);
      continue;
    }
    Crossing crossing = std::move(wire_.front());
    wire_.pop_front();
    expect_next();
    deliver(crossing);
    // Never more than were on the wire at once. Given back to the allocator, a storm's frames would
    // be mapped anew with each step of the storm.
    ports_[crossing.sender].spare.push_back(std::move(crossing.frame));
  }
  return RunEnd::Done;
}

}  // namespace pxeproof::lab
