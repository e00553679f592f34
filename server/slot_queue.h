#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

namespace pxeproof::server {

// A place in the server's table of transfers.
using TransferSlot = std::uint32_t;
inline constexpr TransferSlot kNoSlot = 0xffffffffU;

// The links of any number of SlotQueues, of which each slot stands in one at most.
class SlotLinks {
 public:
  struct Link {
    TransferSlot before = kNoSlot;
    TransferSlot after = kNoSlot;
  };
  Link& of(TransferSlot slot) {
    if (slot >= links_.size()) links_.resize(std::size_t{slot} + 1);
    return links_[slot];
  }

 private:
  std::vector<Link> links_;
};

// Slots in order of arrival, without an allocation each.
class SlotQueue {
 public:
  bool empty() const { return size_ == 0; }
  std::uint32_t size() const { return size_; }
  TransferSlot front() const { return front_; }

  void push(SlotLinks& links, TransferSlot slot) {
    links.of(slot) = {back_, kNoSlot};
    (back_ == kNoSlot ? front_ : links.of(back_).after) = slot;
    back_ = slot;
    ++size_;
  }

  void remove(SlotLinks& links, TransferSlot slot) {
    assert(size_ > 0);
    const SlotLinks::Link link = links.of(slot);
    (link.before == kNoSlot ? front_ : links.of(link.before).after) = link.after;
    (link.after == kNoSlot ? back_ : links.of(link.after).before) = link.before;
    --size_;
  }

 private:
  TransferSlot front_ = kNoSlot;
  TransferSlot back_ = kNoSlot;
  std::uint32_t size_ = 0;
};

}  // namespace pxeproof::server
