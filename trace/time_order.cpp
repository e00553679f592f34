#include "trace/time_order.h"

#include <algorithm>
#include <tuple>

namespace pxeproof::trace {

namespace {

// Clocks are coarse: of frames of one time the questions come first, then what stands first in
// the file.
bool is_later(const TimeOrder::Frame& left, const TimeOrder::Frame& right) {
  return std::tuple(left.at, !left.is_question, left.number) >
         std::tuple(right.at, !right.is_question, right.number);
}

}  // namespace

void TimeOrder::on_frame(Frame frame) {
  if (frame.at < newest_) ++moved_;
  newest_ = std::max(newest_, frame.at);
  octets_ += frame.octets.size();
  held_.push_back(std::move(frame));
  std::push_heap(held_.begin(), held_.end(), is_later);
}

std::optional<TimeOrder::Frame> TimeOrder::poll_frame() {
  const bool full = held_.size() > options_.frames || octets_ > options_.octets;
  if (held_.empty() || (!finished_ && !full)) return std::nullopt;
  std::pop_heap(held_.begin(), held_.end(), is_later);
  Frame frame = std::move(held_.back());
  held_.pop_back();
  octets_ -= frame.octets.size();
  return frame;
}

}  // namespace pxeproof::trace
