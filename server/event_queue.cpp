#include "server/event_queue.h"

#include <algorithm>
#include <utility>

namespace pxeproof::server {

namespace {

void blank(ServerEvent& event) {
  // Moved out and back in: the strings keep their memory.
  std::string file = std::move(event.file);
  std::string interface = std::move(event.interface);
  event = ServerEvent{};
  file.clear();
  interface.clear();
  event.file = std::move(file);
  event.interface = std::move(interface);
}

}  // namespace

ServerEvent& EventQueue::push() {
  if (count_ == slots_.size() && slots_.size() < limit_) {
    std::rotate(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(first_), slots_.end());
    first_ = 0;
    slots_.emplace_back();
  } else if (count_ == slots_.size()) {
    first_ = (first_ + 1) % slots_.size();
    --count_;
  }
  ServerEvent& slot = slots_[(first_ + count_) % slots_.size()];
  ++count_;
  blank(slot);
  return slot;
}

bool EventQueue::poll(ServerEvent& out) {
  if (count_ == 0) return false;
  std::swap(out, slots_[first_]);
  first_ = (first_ + 1) % slots_.size();
  --count_;
  return true;
}

}  // namespace pxeproof::server
