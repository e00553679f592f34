#include "live/batch_runner.h"

#include <algorithm>
#include <span>
#include <utility>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kRoundsPerWake = 16;          // then the other sources get their turn
constexpr std::size_t kBatch = PacketPort::kBatch;  // frames that are sent together

}  // namespace

BatchRunner::BatchRunner(std::vector<Cable> cables, Station& station) : station_(station) {
  for (const Cable& cable : cables) ways_.push_back({cable, std::vector<Frame>(kBatch), 0});
}

void BatchRunner::start() {
  station_.start(now());
  drain();
}

std::vector<int> BatchRunner::descriptors() const {
  std::vector<int> numbers;
  for (const Way& way : ways_) numbers.push_back(way.cable.port->descriptor());
  return numbers;
}

void BatchRunner::on_readable(int descriptor) {
  for (Way& way : ways_) {
    if (way.cable.port->descriptor() == descriptor) way.may_have_frames = true;
  }
}

void BatchRunner::receive(Way& way) {
  auto frames = way.cable.port->receive();
  if (!frames) {
    error_ = std::move(frames.error());
    return;
  }
  way.may_have_frames = frames->size() == PacketPort::kBatch;
  const Instant time = now();
  constexpr std::size_t kAhead = 4;
  for (std::size_t i = 0; i < frames->size(); ++i) {
    if (i + kAhead < frames->size()) station_.expect((*frames)[i + kAhead]);
    station_.on_frame(time, (*frames)[i]);
  }
}

Activity BatchRunner::on_wake(Instant /*now*/) {
  bool busy = false;
  for (std::size_t round = 0; round < kRoundsPerWake && !error_; ++round) {
    bool idle = true;
    for (Way& way : ways_) {
      if (!way.may_have_frames) continue;
      receive(way);
      idle = false;
    }
    const auto due = station_.poll_timeout();
    if (const Instant time = now(); due && *due <= time) {
      station_.on_timeout(time);
      idle = false;
    }
    drain();
    if (idle) break;
    busy = true;
  }
  return busy ? Activity::Busy : Activity::Idle;
}

void BatchRunner::drain() {
  while (station_.poll_transmit(scratch_)) {
    if (ways_.size() == 1) {
      put(ways_.front(), scratch_);
      continue;
    }
    const auto to = MacAddress::from(ByteView(scratch_).first(6));
    const auto way = std::find_if(ways_.begin(), ways_.end(),
                                  [&to](const Way& each) { return each.cable.host == to; });
    if (way != ways_.end()) {
      put(*way, scratch_);
      continue;
    }
    for (Way& each : ways_) {
      Frame copy = scratch_;
      put(each, copy);
    }
  }
  for (Way& way : ways_) flush(way);
}

void BatchRunner::put(Way& way, Frame& frame) {
  std::swap(way.frames[way.count], frame);
  if (++way.count == kBatch) flush(way);
}

void BatchRunner::flush(Way& way) {
  if (way.count > 0) way.cable.port->send(std::span<const Frame>(way.frames.data(), way.count));
  way.count = 0;
}

}  // namespace pxeproof::live
