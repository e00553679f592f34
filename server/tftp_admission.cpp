#include "server/tftp_admission.h"

#include <algorithm>
#include <cassert>

namespace pxeproof::server {

namespace {

// Draws before giving up on luck and walking the pool.
constexpr int kLuckyDraws = 8;
constexpr std::size_t kSpreadPorts = 4;  // more than a client uses: what is drawn from

}  // namespace

TftpAdmission::TftpAdmission(const TftpLimits& limits, Random random)
    : limits_(limits), random_(random) {}

TftpAdmission::Verdict TftpAdmission::judge(Instant now, Ipv4Address address) const {
  const auto found = clients_.find(address);
  const bool known = found != clients_.end();
  const bool client_is_full = known && (found->second.transfers >= limits_.transfers_per_client ||
                                        !found->second.waiting.empty());
  const bool client_may_wait = !known || found->second.waiting.size() < limits_.waiting_per_client;

  if (!client_is_full && turns_.empty() && has_room()) return {};
  if (!client_may_wait) return {.kind = Verdict::Kind::Refuse, .reason = TftpReason::ClientFull};
  if (client_is_full) {
    if (waiting_ < limits_.waiting) return {.kind = Verdict::Kind::Wait};
    return {.kind = Verdict::Kind::Refuse, .reason = TftpReason::ClientFull};
  }

  const TransferSlot oldest = victim();
  if (turns_.empty() && oldest != kNoSlot &&
      now - arrivals_[oldest].at >= limits_.half_open_grace) {
    return {.kind = Verdict::Kind::Start, .evict = oldest};
  }
  if (waiting_ < limits_.waiting) return {.kind = Verdict::Kind::Wait};
  if (oldest == kNoSlot) {
    return {.kind = Verdict::Kind::Refuse, .reason = TftpReason::ServerFull};
  }
  // Both are full: the one that has waited longest for an answer gives way.
  if (turns_.empty()) return {.kind = Verdict::Kind::Start, .evict = oldest};
  return {.kind = Verdict::Kind::Wait, .evict = oldest};
}

void TftpAdmission::start(Instant now, Ipv4Address address, TransferSlot slot) {
  Client& client = clients_[address];
  if (slot >= arrivals_.size()) arrivals_.resize(std::size_t{slot} + 1);
  arrivals_[slot] = {now, next_arrival_++};
  ++client.transfers;
  ++transfers_;
  add_half_open(address, client, slot);
  update_turn(address, client);
}

void TftpAdmission::wait(Ipv4Address address, TransferSlot slot) {
  Client& client = clients_[address];
  client.waiting.push(links_, slot);
  ++waiting_;
  update_turn(address, client);
}

void TftpAdmission::answered(Ipv4Address address, TransferSlot slot) {
  remove_half_open(address, clients_.at(address), slot);
}

void TftpAdmission::remove_waiting(Ipv4Address address, TransferSlot slot) {
  Client& client = clients_.at(address);
  client.waiting.remove(links_, slot);
  --waiting_;
  // The client's next request has its turn behind those of the others.
  if (client.turn) {
    turns_.erase(*client.turn);
    client.turn.reset();
  }
  update_turn(address, client);
  forget_if_idle(address);
}

void TftpAdmission::remove_transfer(Ipv4Address address, TransferSlot slot, Was was) {
  Client& client = clients_.at(address);
  if (was == Was::HalfOpen) remove_half_open(address, client, slot);
  assert(client.transfers > 0 && transfers_ > 0);
  --client.transfers;
  --transfers_;
  update_turn(address, client);
  forget_if_idle(address);
}

std::optional<TftpAdmission::Promotion> TftpAdmission::next_promotion(Instant now) const {
  if (turns_.empty()) return std::nullopt;
  const TransferSlot next = clients_.at(turns_.front()).waiting.front();
  if (has_room()) return Promotion{next, kNoSlot};
  const TransferSlot oldest = victim();
  if (oldest == kNoSlot || now - arrivals_[oldest].at < limits_.half_open_grace) {
    return std::nullopt;
  }
  return Promotion{next, oldest};
}

std::optional<Instant> TftpAdmission::poll_timeout() const {
  if (turns_.empty() || has_room()) return std::nullopt;
  const TransferSlot oldest = victim();
  if (oldest == kNoSlot) return std::nullopt;
  return arrivals_[oldest].at + limits_.half_open_grace;
}

std::uint16_t TftpAdmission::draw_port(Ipv4Address address, const std::vector<std::uint16_t>& pool,
                                       std::uint16_t avoid) {
  assert(!pool.empty());
  const auto found = clients_.find(address);
  const auto unused = [&](std::uint16_t port) {
    return port != avoid &&
           (found == clients_.end() ||
            std::ranges::find(found->second.ports, port) == found->second.ports.end());
  };
  // Clients share a few ports as long as none of them needs more: their packets then come and go in
  // large batches. The pool itself is in random order.
  const std::size_t live = found == clients_.end() ? 0 : found->second.ports.size();
  const std::size_t spread = std::min(pool.size(), live + kSpreadPorts);
  for (int draw = 0; draw < kLuckyDraws; ++draw) {
    const std::uint16_t port = pool[random_.below(spread)];
    if (unused(port)) return port;
  }
  const std::size_t start = random_.below(pool.size());
  if (found == clients_.end() || found->second.ports.size() < pool.size()) {
    for (std::size_t step = 0; step < pool.size(); ++step) {
      const std::uint16_t port = pool[(start + step) % pool.size()];
      if (unused(port)) return port;
    }
  }
  return pool[start];
}

void TftpAdmission::take_port(Ipv4Address address, std::uint16_t port) {
  clients_[address].ports.push_back(port);
}

void TftpAdmission::give_port_back(Ipv4Address address, std::uint16_t port) {
  Client& client = clients_.at(address);
  const auto found = std::ranges::find(client.ports, port);
  assert(found != client.ports.end());
  *found = client.ports.back();
  client.ports.pop_back();
  forget_if_idle(address);
}

TransferSlot TftpAdmission::victim() const {
  if (ranks_.empty()) return kNoSlot;
  return clients_.at(ranks_.begin()->client).half_open.front();
}

TftpAdmission::Rank TftpAdmission::rank_of(Ipv4Address address, const Client& client) const {
  return {client.half_open.size(), arrivals_[client.half_open.front()].number, address};
}

void TftpAdmission::add_half_open(Ipv4Address address, Client& client, TransferSlot slot) {
  if (!client.half_open.empty()) ranks_.erase(rank_of(address, client));
  client.half_open.push(links_, slot);
  ++half_open_;
  ranks_.insert(rank_of(address, client));
}

void TftpAdmission::remove_half_open(Ipv4Address address, Client& client, TransferSlot slot) {
  ranks_.erase(rank_of(address, client));
  client.half_open.remove(links_, slot);
  --half_open_;
  if (!client.half_open.empty()) ranks_.insert(rank_of(address, client));
}

void TftpAdmission::update_turn(Ipv4Address address, Client& client) {
  const bool may_start = !client.waiting.empty() && client.transfers < limits_.transfers_per_client;
  if (may_start && !client.turn) {
    client.turn = turns_.insert(turns_.end(), address);
  } else if (!may_start && client.turn) {
    turns_.erase(*client.turn);
    client.turn.reset();
  }
}

void TftpAdmission::forget_if_idle(Ipv4Address address) {
  const auto found = clients_.find(address);
  if (found == clients_.end()) return;
  const Client& client = found->second;
  if (client.transfers == 0 && client.waiting.empty() && client.ports.empty()) {
    assert(!client.turn && client.half_open.empty());
    clients_.erase(found);
  }
}

}  // namespace pxeproof::server
