#include <algorithm>
#include <array>

#include "trace/open_boot.h"

namespace pxeproof::trace {

namespace {

// What the firmware known begins with; a router counts it down.
bool comes_from_its_sender(const SeenPacket& packet) {
  constexpr std::array<std::uint8_t, 4> kFirstHops = {20, 64, 128, 255};
  return packet.facts.link_source != MacAddress{} &&
         std::ranges::find(kFirstHops, packet.facts.ttl) != kFirstHops.end();
}

}  // namespace

void OpenBoot::on_read_request(const SeenPacket& packet, std::uint32_t interface) {
  const bool is_own = packet.facts.link_source == boot.mac && comes_from_its_sender(packet);
  if (is_own && !client_link_ && !knows_mac_by_dhcp) client_link_ = interface;
}

bool OpenBoot::is_of_another(const SeenPacket& packet, std::uint32_t interface) const {
  return !knows_mac_by_dhcp && client_link_ == interface && packet.facts.link_source != boot.mac &&
         comes_from_its_sender(packet);
}

bool OpenBoot::leased_lately(Ipv4Address address, Instant now) const {
  using namespace std::chrono_literals;
  // A lease is not shorter than this where machines boot, and a silent machine is switched off.
  constexpr Duration kShortestLease = 120s;
  return lease_ && lease_->address == address && now - lease_->at < kShortestLease;
}

Boot::AddressRival* OpenBoot::rival(const MacAddress& mac, Ipv4Address address, Instant at) {
  constexpr std::size_t kRememberedRivals = 4;
  const auto found = std::ranges::find_if(boot.address_rivals, [&](const auto& known) {
    return known.mac == mac && known.address == address;
  });
  if (found != boot.address_rivals.end()) return &*found;
  if (boot.address_rivals.size() >= kRememberedRivals) return nullptr;
  boot.address_rivals.push_back({.mac = mac, .address = address, .at = at});
  return &boot.address_rivals.back();
}

void OpenBoot::on_claim(std::uint32_t number, Instant at, const frames::Arp& arp) {
  Boot::AddressRival* claimant = rival(arp.sender_mac, arp.sender_address, at);
  if (claimant != nullptr && claimant->claim == 0) claimant->claim = number;
}

// What went to another host's card was only on its way: through a router that answers ARP for the
// client, or both sides of a router are in the capture.
void OpenBoot::on_arrival(const MacAddress& to) {
  if (to != boot.mac) return;
  for (Boot::AddressRival& known : boot.address_rivals) known.delivered = 0;
}

void OpenBoot::on_delivery(std::uint32_t number, Instant at, const SeenPacket& packet) {
  const MacAddress& to = packet.facts.link_destination;
  const bool is_to_one = to != MacAddress{} && (to.octets[0] & 1U) == 0;
  // From another network it may have come here twice: to the router and on from it.
  const bool is_from_here = own_network_ && own_network_->contains(packet.source.address);
  if (!is_to_one || to == boot.mac || !is_from_here) return;
  Boot::AddressRival* receiver = rival(to, packet.destination.address, at);
  if (receiver != nullptr && receiver->delivered == 0) receiver->delivered = number;
}

void OpenBoot::on_refusal(std::uint32_t number, Instant at, const SeenPacket& packet) {
  const MacAddress& from = packet.facts.link_source;
  const bool is_from_here = own_network_ && own_network_->contains(packet.destination.address);
  if (from == MacAddress{} || from == boot.mac || !is_from_here) return;
  Boot::AddressRival* sender = rival(from, packet.source.address, at);
  if (sender != nullptr && sender->refusal == 0) sender->refusal = number;
}

// Leaves out who had the address when the machine had ended, and shows who claimed it before.
void OpenBoot::settle_rivals(Boot& boot) {
  std::erase_if(boot.address_rivals, [&boot](const Boot::AddressRival& rival) {
    const bool is_shown = (rival.claim | rival.delivered | rival.refusal | rival.lease |
                           rival.held | rival.asked) != 0;
    return !is_shown || rival.at > boot.last_spoke;
  });
  for (const Boot::AddressRival& rival : boot.address_rivals) {
    const bool is_told = std::ranges::any_of(boot.steps, [&rival](const Step& step) {
      const auto* arp = std::get_if<ArpStep>(&step.what);
      return arp != nullptr && arp->holder == rival.mac;
    });
    if (rival.claim == 0 || is_told) continue;
    boot.steps.push_back({rival.at, rival.claim, rival.claim,
                          ArpStep{.target = rival.address, .answered = true, .holder = rival.mac}});
  }
}

}  // namespace pxeproof::trace
