#include "server/reply_queue.h"

#include <utility>

namespace pxeproof::server {

void ReplyQueue::send() {
  if (end_ == ready_.size()) ready_.emplace_back();
  std::swap(ready_[end_++], draft_);
}

void ReplyQueue::send_at(Instant due) { delayed_.emplace(due, std::exchange(draft_, {})); }

void ReplyQueue::release(Instant now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    draft_ = std::move(delayed_.begin()->second);
    delayed_.erase(delayed_.begin());
    send();
  }
}

std::optional<Instant> ReplyQueue::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

bool ReplyQueue::poll(OutgoingDatagram& out) {
  if (next_ == end_) return false;
  std::swap(out, ready_[next_++]);
  if (next_ == end_) next_ = end_ = 0;
  return true;
}

}  // namespace pxeproof::server
