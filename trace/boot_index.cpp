#include "trace/boot_index.h"

#include <algorithm>
#include <utility>

#include "trace/open_boot.h"
#include "trace/swapped_guid.h"

namespace pxeproof::trace {

OpenBoot* BootIndex::by_guid(const Guid& guid) const {
  const auto found = by_guid_.find(guid);
  return found == by_guid_.end() ? nullptr : found->second;
}

// The owner in the frame's network, else one whose network or the frame's is not told.
const BootIndex::Owner* BootIndex::owner_in(const Owners& owners) const {
  const Owner* found = nullptr;
  for (const Owner& owner : owners) {
    if (owner.network == network_) return &owner;
    if (found == nullptr && may_be_one(owner.network, network_)) found = &owner;
  }
  return found;
}

OpenBoot* BootIndex::by_address(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return nullptr;
  const Owners& owners = found->second;
  if (const Owner* owner = owner_in(owners)) return owner->boot;
  OpenBoot* first = owners.front().boot;
  const bool is_of_one =
      std::ranges::all_of(owners, [first](const Owner& owner) { return owner.boot == first; });
  return is_of_one ? first : nullptr;
}

OpenBoot* BootIndex::by_address_here(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  const Owner* owner = found == by_address_.end() ? nullptr : owner_in(found->second);
  return owner == nullptr ? nullptr : owner->boot;
}

// Whose request this is, when two machines have one address.
OpenBoot* BootIndex::sender_of(const SeenPacket& packet) const {
  OpenBoot* found = by_address(packet.source.address);
  if (found == nullptr || found->boot.mac == packet.facts.link_source) return found;
  for (const Boot::AddressRival& rival : found->boot.address_rivals) {
    OpenBoot* other = by_mac(rival.mac);
    const bool has_address = rival.lease != 0 || rival.asked != 0;
    if (other != nullptr && has_address && rival.mac == packet.facts.link_source) return other;
  }
  return found;
}

// Who fetches a file on this port.
OpenBoot* BootIndex::fetcher_on(const Endpoint& client) const {
  OpenBoot* found = by_address(client.address);
  if (found == nullptr || found->transfers.knows(client)) return found;
  for (const Boot::AddressRival& rival : found->boot.address_rivals) {
    OpenBoot* other = by_mac(rival.mac);
    if (other != nullptr && other->transfers.knows(client)) return other;
  }
  return nullptr;
}

OpenBoot* BootIndex::by_mac(const MacAddress& mac) const {
  const auto found = by_mac_.find(mac);
  return found == by_mac_.end() ? nullptr : found->second;
}

// Two machines that boot are told to use one address. The same machine may have it by another of
// its cards.
void BootIndex::note_second_lease(OpenBoot& boot, const Lease& lease) {
  const auto [address, number, at, server, time] = lease;
  OpenBoot* owner = by_address_here(address);
  if (owner == nullptr || owner == &boot || !owner->leased_lately(address, at)) return;
  if (owner->client_link() != boot.client_link()) return;
  const bool are_told_apart =
      owner->knows_mac_by_dhcp && boot.knows_mac_by_dhcp &&
      (!owner->boot.guid || !boot.boot.guid || *owner->boot.guid != *boot.boot.guid);
  if (!are_told_apart) return;
  for (auto [one, other] : {std::pair(owner, &boot), std::pair(&boot, owner)}) {
    Boot::AddressRival* rival = one->rival(other->boot.mac, address, at);
    if (rival != nullptr && rival->lease == 0) rival->lease = number;
  }
}

// A server gives an address that another one has leased to another machine, for longer than until
// now. Whether that one still runs does not show: it may be silent, or off.
void BootIndex::note_holder(OpenBoot& boot, const Lease& lease) {
  const auto found = holders_.find(lease.address);
  if (found == holders_.end()) return;
  const Holder& holder = found->second;
  const bool is_in_force = lease.at - holder.lease.at < holder.lease.time;
  const bool is_of_another = !lease.server.is_unspecified() && lease.server != holder.lease.server;
  // One machine may ask by several cards.
  const bool are_told_apart = boot.boot.guid && holder.mac != boot.boot.mac &&
                              holder.guid != *boot.boot.guid &&
                              swapped(holder.guid) != *boot.boot.guid;
  if (!is_in_force || !is_of_another || !are_told_apart) return;
  if (holder.link != boot.client_link() || !may_be_one(holder.network, network_)) return;
  Boot::AddressRival* rival = boot.rival(holder.mac, lease.address, lease.at);
  if (rival != nullptr && rival->held == 0) rival->held = holder.lease.packet;
}

void BootIndex::hold(const OpenBoot& boot, const Lease& lease) {
  constexpr std::size_t kMaximumHolders = 4096;
  if (const auto before = held_.find(boot.boot.mac); before != held_.end()) {
    release(boot.boot.mac, before->second);
  }
  if (const auto other = holders_.find(lease.address); other != holders_.end()) {
    release(other->second.mac, lease.address);
  }
  const bool is_told =
      boot.boot.guid && !lease.server.is_unspecified() && lease.time > Duration::zero();
  if (!is_told || holders_.size() >= kMaximumHolders) return;
  holders_[lease.address] = {boot.boot.mac, *boot.boot.guid, boot.client_link(), network_, lease};
  held_[boot.boot.mac] = lease.address;
}

void BootIndex::release(MacAddress mac, Ipv4Address address) {
  const auto found = holders_.find(address);
  if (found == holders_.end() || found->second.mac != mac) return;
  holders_.erase(found);
  held_.erase(mac);
}

void BootIndex::lease(OpenBoot& boot, const Lease& lease) {
  note_second_lease(boot, lease);
  note_holder(boot, lease);
  hold(boot, lease);
  assign(boot, lease.address);
  boot.on_lease(lease.address, lease.at);
}

void BootIndex::share(OpenBoot& owner, OpenBoot& other, Ipv4Address address, std::uint32_t number,
                      Instant at) {
  for (auto [one, second] : {std::pair(&owner, &other), std::pair(&other, &owner)}) {
    Boot::AddressRival* rival = one->rival(second->boot.mac, address, at);
    if (rival != nullptr && rival->asked == 0) rival->asked = number;
  }
}

void BootIndex::assign(OpenBoot& boot, Ipv4Address address) {
  if (address.is_unspecified() || address.is_broadcast()) return;
  boot.boot.address = address;
  Owners& owners = by_address_[address];
  const Owner* known = owner_in(owners);
  Owner& owner = known != nullptr ? owners[static_cast<std::size_t>(known - owners.data())]
                                  : owners.emplace_back();
  if (owner.network == 0) owner.network = network_;
  if (owner.boot == &boot) return;
  if (owner.boot != nullptr) std::erase(owner.boot->addresses, address);
  owner.boot = &boot;
  boot.addresses.push_back(address);
  if (boot.addresses.size() > OpenBoot::kMaximumAddresses) {
    const Ipv4Address oldest = boot.addresses.front();
    boot.addresses.erase(boot.addresses.begin());
    disown(boot, oldest);
  }
}

// Who says in ARP that it has more than one address.
void BootIndex::note_claim(const frames::Arp& arp) {
  constexpr std::size_t kMaximumClaimants = 4096;
  if (arp.sender_address.is_unspecified()) return;
  const auto known = claimants_.find(arp.sender_mac);
  if (known == claimants_.end()) {
    if (claimants_.size() < kMaximumClaimants) {
      claimants_.emplace(arp.sender_mac, Claimant{arp.sender_address, false});
    }
  } else if (known->second.address != arp.sender_address) {
    known->second.has_others = true;
  }
}

void BootIndex::mark_claimants(Boot& boot) const {
  for (Boot::AddressRival& rival : boot.address_rivals) {
    const auto known = claimants_.find(rival.mac);
    rival.has_others = known != claimants_.end() && known->second.has_others;
  }
}

void BootIndex::disown(const OpenBoot& boot, Ipv4Address address) {
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return;
  std::erase_if(found->second, [&boot](const Owner& owner) { return owner.boot == &boot; });
  if (found->second.empty()) by_address_.erase(found);
}

void BootIndex::forget(const OpenBoot& boot) {
  for (const Ipv4Address address : boot.addresses) disown(boot, address);
  if (const auto found = by_mac_.find(boot.boot.mac);
      found != by_mac_.end() && found->second == &boot) {
    by_mac_.erase(found);
  }
  if (const auto guid = boot.boot.guid; guid) {
    const auto found = by_guid_.find(*guid);
    if (found != by_guid_.end() && found->second == &boot) by_guid_.erase(found);
  }
}

}  // namespace pxeproof::trace
