#include "live/station_runner.h"

#include <algorithm>
#include <span>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kMaximumBatchesPerWake = 16;  // then the other sources get their turn
constexpr std::size_t kMaximumWaiting = 64;         // frames, before they are sent

}  // namespace

void StationRunner::add(Station& station) {
  stations_.push_back(&station);
  const Instant time = now();
  station.start(time);
  drain(time, station);
  flush();
}

Activity StationRunner::on_wake(Instant now) {
  bool busy = false;
  for (std::size_t i = 0; i < kMaximumBatchesPerWake && !error_; ++i) {
    auto frames = port_.receive();
    if (!frames) {
      error_ = std::move(frames.error());
      break;
    }
    if (frames->empty()) {
      break;
    }
    busy = true;
    for (const ByteView frame : *frames) {
      if (observer_ != nullptr) {
        observer_->on_frame(now, Direction::Received, frame);
      }
      for (Station* station : stations_) {
        station->on_frame(now, frame);
        drain(now, *station);
      }
    }
    flush();
  }
  for (Station* station : stations_) {
    const auto due = station->poll_timeout();
    if (due && *due <= now) {
      station->on_timeout(now);
      drain(now, *station);
    }
  }
  flush();
  return busy ? Activity::Busy : Activity::Idle;
}

std::optional<Instant> StationRunner::deadline() const {
  std::optional<Instant> first;
  for (const Station* station : stations_) {
    const auto due = station->poll_timeout();
    if (due && (!first || *due < *first)) {
      first = due;
    }
  }
  return first;
}

void StationRunner::drain(Instant now, Station& station) {
  for (;;) {
    if (outgoing_count_ == outgoing_.size()) {
      outgoing_.emplace_back();
    }
    if (!station.poll_transmit(outgoing_[outgoing_count_])) {
      return;
    }
    if (observer_ != nullptr) {
      observer_->on_frame(now, Direction::Sent, outgoing_[outgoing_count_]);
    }
    ++outgoing_count_;
    if (outgoing_count_ == kMaximumWaiting) {
      flush();
    }
  }
}

void StationRunner::flush() {
  port_.send(std::span<const Frame>(outgoing_.data(), outgoing_count_));
  outgoing_count_ = 0;
}

}  // namespace pxeproof::live
