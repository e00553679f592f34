#include "server/lease_pool.h"

#include <algorithm>
#include <utility>

#include "protocol/letter_case.h"

namespace pxeproof::server {

namespace {

std::string hardware_key(const LeaseClient& client) {
  return static_cast<char>(client.hardware_type) + client.hardware;
}

// What tells clients apart while an offer is held: the identifier, else the hardware address.
std::string hold_key(const LeaseClient& client) {
  if (!client.client_id.empty()) return "i" + client.client_id;
  return "h" + hardware_key(client);
}

}  // namespace

bool is_another_machine(const LeaseClient& before, const LeaseClient& now) {
  const bool same_hardware =
      before.hardware_type == now.hardware_type && before.hardware == now.hardware;
  const bool same_identifier = !before.client_id.empty() && before.client_id == now.client_id;
  return !same_hardware && !same_identifier;
}

void LeasePool::refresh(Ipv4Address address) {
  const bool is_taken =
      leases_.contains(address) || holds_.contains(address) || reserved_.contains(address);
  if (is_taken) {
    taken_.insert(address);
  } else {
    taken_.erase(address);
  }
}

void LeasePool::set_reserved(std::unordered_set<Ipv4Address> addresses) {
  const auto before = std::exchange(reserved_, std::move(addresses));
  for (const Ipv4Address address : before) refresh(address);
  for (const Ipv4Address address : reserved_) refresh(address);
}

const Lease* LeasePool::find(Ipv4Address address) const {
  const auto found = leases_.find(address);
  return found == leases_.end() ? nullptr : &found->second;
}

const Lease* LeasePool::find(const LeaseClient& client) const {
  if (!client.client_id.empty()) {
    const auto found = by_client_id_.find(client.client_id);
    if (found != by_client_id_.end()) return find(found->second);
  }
  if (client.hardware.empty()) return nullptr;
  const auto same = by_hardware_.find(hardware_key(client));
  if (same == by_hardware_.end()) return nullptr;
  for (auto address = same->second.rbegin(); address != same->second.rend(); ++address) {
    const Lease* lease = find(*address);
    if (client.client_id.empty() || lease->client.client_id.empty()) return lease;
  }
  return nullptr;
}

void LeasePool::forget_hardware(const Lease& lease) {
  const auto same = by_hardware_.find(hardware_key(lease.client));
  if (same == by_hardware_.end()) return;
  std::erase(same->second, lease.address);
  if (same->second.empty()) by_hardware_.erase(same);
}

void LeasePool::unindex(const Lease& lease) {
  const auto by_id = by_client_id_.find(lease.client.client_id);
  if (by_id != by_client_id_.end() && by_id->second == lease.address) by_client_id_.erase(by_id);
  if (lease.expires) expiries_.erase({*lease.expires, lease.address});
  if (lease.host_name.empty()) return;
  const auto by_name = by_name_.find(name_key(lease));
  if (by_name != by_name_.end() && by_name->second == lease.address) by_name_.erase(by_name);
}

std::string LeasePool::name_key(const Lease& lease) const {
  std::string key = lease.host_name.substr(0, lease.host_name.find('.'));
  if (domain_of_) key += "." + domain_of_(lease.address);
  return lower_case(key);
}

void LeasePool::set_domains(DomainOf domain_of) {
  if (!domain_of && !domain_of_) return;
  domain_of_ = std::move(domain_of);
  by_name_.clear();
  for (const auto& [address, lease] : leases_) {
    if (!lease.host_name.empty()) by_name_[name_key(lease)] = address;
  }
}

// A lease that is not told a name, or may not have it, has the one that it had.
void LeasePool::settle_name(Lease& lease, const Lease* before) {
  const bool had_one = before != nullptr && !is_another_machine(before->client, lease.client);
  const auto keep_name = [&] {
    lease.host_name = had_one ? before->host_name : std::string();
    lease.has_given_name = had_one && before->has_given_name;
  };
  if (lease.host_name.empty()) {
    if (had_one) keep_name();
    return;
  }
  const auto found = by_name_.find(name_key(lease));
  if (found == by_name_.end() || found->second == lease.address) return;
  Lease& holder = leases_.at(found->second);
  if (holder.has_given_name && !lease.has_given_name) return keep_name();
  LeaseChange change{.kind = LeaseChange::Kind::Renewed, .lease = {}, .before = holder};
  by_name_.erase(found);
  holder.host_name.clear();
  holder.has_given_name = false;
  change.lease = holder;
  report(std::move(change));
}

void LeasePool::give_name(Ipv4Address address, const std::string& name) {
  const auto found = leases_.find(address);
  if (found == leases_.end()) return;
  const Lease& before = found->second;
  if (before.has_given_name && before.host_name == name) return;
  Lease lease = before;
  lease.host_name = name;
  lease.has_given_name = true;
  LeaseChange change{.kind = LeaseChange::Kind::Renewed, .lease = lease, .before = before};
  settle_name(lease, &before);
  store(std::move(lease));
  if (change.before->host_name != name) report(std::move(change));
}

const Lease* LeasePool::store(Lease lease) {
  const Ipv4Address address = lease.address;
  const auto existing = leases_.find(address);
  const bool is_another = existing == leases_.end() ||
                          hardware_key(existing->second.client) != hardware_key(lease.client);
  if (existing != leases_.end()) {
    unindex(existing->second);
    if (is_another) forget_hardware(existing->second);
  } else if (leases_.size() >= limits_.leases) {
    return nullptr;
  }
  const auto held = hold_by_key_.find(hold_key(lease.client));
  if (held != hold_by_key_.end()) drop_hold(held->second);
  drop_hold(address);
  Lease& stored = leases_[address] = std::move(lease);
  if (!stored.client.client_id.empty()) by_client_id_[stored.client.client_id] = address;
  if (is_another) by_hardware_[hardware_key(stored.client)].push_back(address);
  if (stored.expires) expiries_.emplace(*stored.expires, address);
  if (!stored.host_name.empty()) by_name_[name_key(stored)] = address;
  refresh(address);
  return &stored;
}

const Lease* LeasePool::restore(Lease lease) { return store(std::move(lease)); }

const Lease* LeasePool::record(Lease lease, std::unique_ptr<LeaseCircumstances> circumstances) {
  const Lease* before = find(lease.address);
  if (before == nullptr && leases_.size() >= limits_.leases) return nullptr;
  settle_name(lease, before);
  const bool is_renewal = before != nullptr && before->client == lease.client;
  LeaseChange change{.kind = is_renewal ? LeaseChange::Kind::Renewed : LeaseChange::Kind::Granted,
                     .lease = {},
                     .circumstances = std::move(circumstances)};
  if (change.circumstances && before != nullptr) change.before = *before;
  const Lease* stored = store(std::move(lease));
  if (stored == nullptr) return nullptr;
  change.lease = *stored;
  report(std::move(change));
  return stored;
}

void LeasePool::end(Ipv4Address address) {
  const auto found = leases_.find(address);
  if (found == leases_.end()) return;
  unindex(found->second);
  forget_hardware(found->second);
  report({.kind = LeaseChange::Kind::Ended, .lease = found->second});
  leases_.erase(found);
  refresh(address);
}

void LeasePool::hold(Ipv4Address address, const std::optional<LeaseClient>& client, Instant until) {
  drop_hold(address);
  std::string key;
  if (client) {
    key = hold_key(*client);
    const auto earlier = hold_by_key_.find(key);
    if (earlier != hold_by_key_.end()) drop_hold(earlier->second);
    hold_by_key_[key] = address;
  }
  while (holds_.size() >= limits_.offers) drop_hold(hold_ends_.begin()->second);
  holds_[address] = {std::move(key), until, client && released_ == address};
  released_.reset();
  hold_ends_.emplace(until, address);
  refresh(address);
}

void LeasePool::drop_hold(Ipv4Address address) {
  const auto found = holds_.find(address);
  if (found == holds_.end()) return;
  hold_ends_.erase({found->second.until, address});
  if (!found->second.key.empty()) hold_by_key_.erase(found->second.key);
  holds_.erase(found);
  refresh(address);
}

std::optional<Ipv4Address> LeasePool::held_for(const LeaseClient& client) const {
  const auto found = hold_by_key_.find(hold_key(client));
  if (found == hold_by_key_.end()) return std::nullopt;
  return found->second;
}

void LeasePool::drop_hold_of(const LeaseClient& client) {
  if (const auto held = held_for(client)) drop_hold(*held);
}

bool LeasePool::is_held_for_another(Ipv4Address address, const LeaseClient& client) const {
  const auto found = holds_.find(address);
  return found != holds_.end() && found->second.key != hold_key(client);
}

bool LeasePool::is_contested(Ipv4Address address) const {
  const auto found = holds_.find(address);
  return found != holds_.end() && found->second.is_contested;
}

std::uint32_t LeasePool::declines(Ipv4Address range_start) const {
  const auto found = declines_.find(range_start);
  return found == declines_.end() ? 0 : found->second;
}

std::optional<Ipv4Address> LeasePool::highest_lease(Ipv4Address from, Ipv4Address to) const {
  auto behind = leases_.upper_bound(to);
  if (behind == leases_.begin()) return std::nullopt;
  --behind;
  if (behind->first < from) return std::nullopt;
  return behind->first;
}

std::optional<Ipv4Address> LeasePool::release_oldest_hold(Ipv4Address from, Ipv4Address to) {
  for (const auto& [until, address] : hold_ends_) {
    const bool is_offer = !holds_.at(address).key.empty();
    if (!is_offer || address < from || address > to) continue;
    const Ipv4Address released = address;
    drop_hold(released);
    released_ = released;
    return released;
  }
  return std::nullopt;
}

void LeasePool::expire(Instant now) {
  while (!expiries_.empty() && expiries_.begin()->first <= now) end(expiries_.begin()->second);
  while (!hold_ends_.empty() && hold_ends_.begin()->first <= now) {
    drop_hold(hold_ends_.begin()->second);
  }
}

std::optional<Instant> LeasePool::next_expiry() const {
  std::optional<Instant> next;
  if (!expiries_.empty()) next = expiries_.begin()->first;
  if (!hold_ends_.empty() && (!next || hold_ends_.begin()->first < *next)) {
    next = hold_ends_.begin()->first;
  }
  return next;
}

void LeasePool::report(LeaseChange change) {
  if (changes_.size() >= limits_.changes) changes_.pop_front();
  changes_.push_back(std::move(change));
}

bool LeasePool::poll_change(LeaseChange& out) {
  if (changes_.empty()) return false;
  out = std::move(changes_.front());
  changes_.pop_front();
  return true;
}

}  // namespace pxeproof::server
