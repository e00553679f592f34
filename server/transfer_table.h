#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/deadline_heap.h"
#include "protocol/flat_map.h"
#include "protocol/time.h"
#include "server/recent_transfers.h"
#include "server/slot_queue.h"
#include "server/tftp_negotiation.h"
#include "server/tftp_session.h"

namespace pxeproof::server {

// One client endpoint's transfer, from its request to its end.
struct Transfer {
  // In the queue for a free place.
  struct Waiting {
    Instant expires;
  };
  // Has its place; the file is being opened.
  struct Opening {
    Instant expires;
  };

  Endpoint client;
  Endpoint local;                     // the port is 0 while it waits
  std::uint32_t interface_index = 0;  // where the request came in
  std::uint64_t request_digest = 0;   // tells a repeated request from another one
  Instant requested{};
  std::string filename;  // as the client wrote it
  std::optional<MacAddress> mac;
  TransferWishes wishes;
  std::variant<Waiting, Opening, TftpSession> state;

  bool waiting() const { return std::holds_alternative<Waiting>(state); }
  bool opening() const { return std::holds_alternative<Opening>(state); }
  TftpSession* session() { return std::get_if<TftpSession>(&state); }
  const TftpSession* session() const { return std::get_if<TftpSession>(&state); }
  bool half_open() const {
    const auto* running = std::get_if<TftpSession>(&state);
    return opening() || (running != nullptr && !running->answered());
  }
};
static_assert(sizeof(Transfer) <= 768, "an idle transfer must stay well under 2 KiB");

// All transfers, found by client endpoint or slot; which of them want to transmit, and when each
// wants to be woken. Nothing here is searched one by one.
class TransferTable {
 public:
  explicit TransferTable(EndpointHash hash) : by_client_(hash.secret) {}

  // The transfer's place until release. Its client must not have one yet.
  TransferSlot add(Transfer transfer);
  void release(TransferSlot slot);

  bool contains(TransferSlot slot) const { return places_[slot].transfer.has_value(); }
  Transfer& at(TransferSlot slot) { return *places_[slot].transfer; }
  const Transfer& at(TransferSlot slot) const { return *places_[slot].transfer; }
  // kNoSlot when the client has no transfer.
  TransferSlot find(const Endpoint& client) const;

  // Calls visit(transfer) for each, in no particular order.
  template <typename Visitor>
  void for_each(Visitor visit) const {
    for (const Place& place : places_) {
      if (place.transfer) visit(*place.transfer);
    }
  }

  // A number that no other transfer of this table ever has.
  std::uint64_t id_of(TransferSlot slot) const {
    return std::uint64_t{places_[slot].generation} << 32U | slot;
  }
  // kNoSlot when that transfer is gone.
  TransferSlot find_id(std::uint64_t id) const;

  void wake_at(TransferSlot slot, Instant deadline) { deadlines_.set(slot, deadline); }
  std::optional<Instant> earliest_deadline() const { return deadlines_.earliest(); }
  std::optional<TransferSlot> pop_due(Instant now) { return deadlines_.pop_due(now); }

  void make_ready(TransferSlot slot);
  TransferSlot first_ready() const { return first_ready_; }
  void pop_ready();

 private:
  struct Place {
    std::optional<Transfer> transfer;
    std::uint32_t generation = 0;
    TransferSlot next_ready = kNoSlot;
    bool ready = false;  // stands in the queue of transfers that want to transmit
  };

  std::deque<Place> places_;
  std::vector<TransferSlot> free_;
  FlatMap<TransferSlot> by_client_;  // by number_of its endpoint
  DeadlineHeap deadlines_;
  TransferSlot first_ready_ = kNoSlot;
  TransferSlot last_ready_ = kNoSlot;
};

}  // namespace pxeproof::server
