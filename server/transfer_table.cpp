#include "server/transfer_table.h"

#include <cassert>
#include <utility>

namespace pxeproof::server {

TransferSlot TransferTable::add(Transfer transfer) {
  TransferSlot slot = kNoSlot;
  if (free_.empty()) {
    slot = static_cast<TransferSlot>(places_.size());
    places_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  const bool inserted = by_client_.insert(number_of(transfer.client), slot);
  assert(inserted);
  static_cast<void>(inserted);
  places_[slot].transfer.emplace(std::move(transfer));
  return slot;
}

void TransferTable::release(TransferSlot slot) {
  Place& place = places_[slot];
  by_client_.erase(number_of(place.transfer->client));
  deadlines_.remove(slot);
  place.transfer.reset();
  ++place.generation;
  free_.push_back(slot);
}

TransferSlot TransferTable::find(const Endpoint& client) const {
  const TransferSlot* found = by_client_.find(number_of(client));
  return found == nullptr ? kNoSlot : *found;
}

TransferSlot TransferTable::find_id(std::uint64_t id) const {
  const auto slot = static_cast<TransferSlot>(id & 0xffffffffU);
  if (slot >= places_.size() || !places_[slot].transfer || id_of(slot) != id) return kNoSlot;
  return slot;
}

void TransferTable::make_ready(TransferSlot slot) {
  Place& place = places_[slot];
  if (place.ready) return;
  place.ready = true;
  place.next_ready = kNoSlot;
  (first_ready_ == kNoSlot ? first_ready_ : places_[last_ready_].next_ready) = slot;
  last_ready_ = slot;
}

void TransferTable::pop_ready() {
  assert(first_ready_ != kNoSlot);
  Place& place = places_[first_ready_];
  place.ready = false;
  first_ready_ = place.next_ready;
}

}  // namespace pxeproof::server
