#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/random.h"
#include "protocol/time.h"
#include "server/slot_queue.h"
#include "server/tftp_options.h"
#include "server/tftp_reason.h"

namespace pxeproof::server {

// Who may start, who waits, who gives way. It knows transfers as slots of client addresses:
//
//   request -> [waiting] -> half-open -> answered -> gone
//
// Places go round among client addresses; a place taken from a half-open transfer is taken from the
// address that has most of them, the oldest first. So a flood from invented addresses is a queue in
// order of arrival, which a client that answers leaves at once, and a flood from one address is
// that address's own problem.
class TftpAdmission {
 public:
  TftpAdmission(const TftpLimits& limits, Random random);

  void set_limits(const TftpLimits& limits) { limits_ = limits; }

  struct Verdict {
    enum class Kind { Start, Wait, Refuse } kind = Kind::Start;
    TransferSlot evict = kNoSlot;                // this half-open transfer must end first
    TftpReason reason = TftpReason::ServerFull;  // of a refusal
  };
  // What becomes of a new request of a client. Changes nothing. When a Wait evicts, a waiting
  // request starts before the new one joins the queue.
  Verdict judge(Instant now, Ipv4Address client) const;

  void start(Instant now, Ipv4Address client, TransferSlot slot);
  void wait(Ipv4Address client, TransferSlot slot);
  void answered(Ipv4Address client, TransferSlot slot);
  void remove_waiting(Ipv4Address client, TransferSlot slot);
  enum class Was { HalfOpen, Answered };
  void remove_transfer(Ipv4Address client, TransferSlot slot, Was was);

  // A waiting request that may start now, after the eviction if there is one.
  struct Promotion {
    TransferSlot start = kNoSlot;
    TransferSlot evict = kNoSlot;
  };
  std::optional<Promotion> next_promotion(Instant now) const;
  // When next_promotion may have something without any other call.
  std::optional<Instant> poll_timeout() const;

  // A port of the pool for a transfer of this client, drawn at random: one that no other live
  // transfer of the client uses, while there is one. Ports that avoid names are avoided likewise.
  std::uint16_t draw_port(Ipv4Address client, const std::vector<std::uint16_t>& pool,
                          std::uint16_t avoid);
  void take_port(Ipv4Address client, std::uint16_t port);
  void give_port_back(Ipv4Address client, std::uint16_t port);

  std::uint32_t transfers() const { return transfers_; }
  std::uint32_t half_open() const { return half_open_; }
  std::uint32_t waiting() const { return waiting_; }

 private:
  struct Client {
    std::uint32_t transfers = 0;
    SlotQueue half_open;
    SlotQueue waiting;
    std::vector<std::uint16_t> ports;  // of live transfers
    std::optional<std::list<Ipv4Address>::iterator> turn;
  };
  // The first one gives way first.
  struct Rank {
    std::uint32_t half_open;
    std::uint64_t oldest;
    Ipv4Address client;
    friend bool operator<(const Rank& left, const Rank& right) {
      if (left.half_open != right.half_open) return left.half_open > right.half_open;
      if (left.oldest != right.oldest) return left.oldest < right.oldest;
      return left.client < right.client;
    }
  };
  struct Arrival {
    Instant at{};
    std::uint64_t number = 0;
  };

  bool has_room() const { return transfers_ < limits_.transfers && half_open_ < limits_.half_open; }
  TransferSlot victim() const;
  Rank rank_of(Ipv4Address address, const Client& client) const;
  void add_half_open(Ipv4Address address, Client& client, TransferSlot slot);
  void remove_half_open(Ipv4Address address, Client& client, TransferSlot slot);
  void update_turn(Ipv4Address address, Client& client);
  void forget_if_idle(Ipv4Address address);

  TftpLimits limits_;
  Random random_;
  std::unordered_map<Ipv4Address, Client> clients_;
  SlotLinks links_;
  std::vector<Arrival> arrivals_;  // of half-open transfers, by slot
  std::uint64_t next_arrival_ = 0;
  std::set<Rank> ranks_;          // of clients with half-open transfers
  std::list<Ipv4Address> turns_;  // clients with a waiting request that they may start
  std::uint32_t transfers_ = 0;
  std::uint32_t half_open_ = 0;
  std::uint32_t waiting_ = 0;
};

}  // namespace pxeproof::server
