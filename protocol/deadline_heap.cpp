#include "protocol/deadline_heap.h"

namespace pxeproof {

void DeadlineHeap::set(std::uint32_t owner, Instant deadline) {
  if (owner >= position_.size()) position_.resize(std::size_t{owner} + 1, kAbsent);
  const std::uint32_t at = position_[owner];
  if (at == kAbsent) {
    entries_.push_back({deadline, owner});
    sift_up(entries_.size() - 1);
    return;
  }
  if (deadline >= entries_[at].deadline) return;
  entries_[at].deadline = deadline;
  sift_up(at);
}

void DeadlineHeap::remove(std::uint32_t owner) {
  if (owner < position_.size() && position_[owner] != kAbsent) take_out(position_[owner]);
}

std::optional<Instant> DeadlineHeap::earliest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().deadline;
}

std::optional<std::uint32_t> DeadlineHeap::pop_due(Instant now) {
  if (entries_.empty() || entries_.front().deadline > now) return std::nullopt;
  const std::uint32_t owner = entries_.front().owner;
  take_out(0);
  return owner;
}

void DeadlineHeap::place(std::size_t at, const Entry& entry) {
  entries_[at] = entry;
  position_[entry.owner] = static_cast<std::uint32_t>(at);
}

void DeadlineHeap::sift_up(std::size_t at) {
  const Entry moving = entries_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 2;
    if (entries_[parent].deadline <= moving.deadline) break;
    place(at, entries_[parent]);
    at = parent;
  }
  place(at, moving);
}

void DeadlineHeap::sift_down(std::size_t at) {
  const Entry moving = entries_[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= entries_.size()) break;
    if (child + 1 < entries_.size() && entries_[child + 1].deadline < entries_[child].deadline) {
      ++child;
    }
    if (moving.deadline <= entries_[child].deadline) break;
    place(at, entries_[child]);
    at = child;
  }
  place(at, moving);
}

void DeadlineHeap::take_out(std::size_t at) {
  position_[entries_[at].owner] = kAbsent;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (at == entries_.size()) return;
  place(at, last);
  sift_up(at);
  sift_down(position_[last.owner]);
}

}  // namespace pxeproof
