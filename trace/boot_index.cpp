#include "trace/boot_index.h"

#include <algorithm>
#include <utility>

#include "trace/open_boot.h"

namespace pxeproof::trace {

OpenBoot* BootIndex::by_guid(const Guid& guid) const {
  const auto found = by_guid_.find(guid);
  return found == by_guid_.end() ? nullptr : found->second;
}

OpenBoot* BootIndex::by_address(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second;
}

// Whose request this is, when two machines have one address.
OpenBoot* BootIndex::sender_of(const SeenPacket& packet) const {
  OpenBoot* found = by_address(packet.source.address);
  if (found == nullptr || found->boot.mac == packet.facts.link_source) return found;
  for (const Boot::AddressRival& rival : found->boot.address_rivals) {
    OpenBoot* other = by_mac(rival.mac);
    if (other != nullptr && rival.lease != 0 && rival.mac == packet.facts.link_source) return other;
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
void BootIndex::note_second_lease(OpenBoot& boot, Ipv4Address address, std::uint32_t number,
                                  Instant at) {
  OpenBoot* owner = by_address(address);
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

void BootIndex::lease(OpenBoot& boot, Ipv4Address address, std::uint32_t number, Instant at) {
  note_second_lease(boot, address, number, at);
  assign(boot, address);
  boot.on_lease(address, at);
}

void BootIndex::assign(OpenBoot& boot, Ipv4Address address) {
  if (address.is_unspecified() || address.is_broadcast()) return;
  boot.boot.address = address;
  OpenBoot*& owner = by_address_[address];
  if (owner == &boot) return;
  if (owner != nullptr) std::erase(owner->addresses, address);
  owner = &boot;
  boot.addresses.push_back(address);
  if (boot.addresses.size() > OpenBoot::kMaximumAddresses) {
    by_address_.erase(boot.addresses.front());
    boot.addresses.erase(boot.addresses.begin());
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

void BootIndex::forget(const OpenBoot& boot) {
  for (const Ipv4Address address : boot.addresses) {
    const auto found = by_address_.find(address);
    if (found != by_address_.end() && found->second == &boot) by_address_.erase(found);
  }
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
