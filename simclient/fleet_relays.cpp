#include "simclient/fleet_relays.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"

namespace pxeproof::rom {

namespace {

constexpr std::size_t kIp = frames::kEthernetHeaderSize;
constexpr std::size_t kTtl = kIp + 8;
constexpr std::size_t kChecksum = kIp + 10;
constexpr std::size_t kDestination = kIp + 16;
constexpr std::uint8_t kMostHops = 16;   // RFC 1542 s.4.1.1
constexpr std::uint8_t kCircuitId = 1;   // RFC 3046 s.2.0
constexpr std::size_t kBootpSize = 300;  // RFC 1542 s.2.1: the least

bool is_ipv4(ByteView frame) {
  return frame.size() >= kIp + frames::kIpv4HeaderSize && frame[12] == 0x08 && frame[13] == 0x00;
}

Ipv4Address destination_of(ByteView frame) {
  return *Ipv4Address::from(frame.subspan(kDestination, 4));
}

// RFC 1624: the header's checksum after one octet of the TTL's word has become less by one.
void count_hop(Frame& frame) {
  --frame[kTtl];
  std::uint32_t sum = (std::uint32_t{frame[kChecksum]} << 8U) + frame[kChecksum + 1] + 0x0100U;
  sum = (sum & 0xffffU) + (sum >> 16U);
  frame[kChecksum] = static_cast<std::uint8_t>(sum >> 8U);
  frame[kChecksum + 1] = static_cast<std::uint8_t>(sum);
}

Frame readdressed(ByteView frame, const MacAddress& to, const MacAddress& from) {
  Frame copy(frame.begin(), frame.end());
  std::ranges::copy(to.octets, copy.begin());
  std::ranges::copy(from.octets, copy.begin() + 6);
  return copy;
}

}  // namespace

void RelayedFleet::start(Instant now) {
  now_ = now;
  fleet_.start(now);
}

void RelayedFleet::on_timeout(Instant now) {
  now_ = now;
  fleet_.on_timeout(now);
}

void RelayedFleet::on_frame(Instant now, ByteView frame) {
  now_ = now;
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return;
  if (const auto arp = frames::inspect_arp(frame)) {
    const auto asked = std::ranges::find(plan_.relays, arp->target_address, &FleetRelay::outside);
    if (asked == plan_.relays.end() || arp->operation != frames::kArpRequest) return;
    outbox_.push_back(frames::build_arp({.operation = frames::kArpReply,
                                         .sender_mac = asked->outside_mac,
                                         .sender_address = asked->outside,
                                         .target_mac = arp->sender_mac,
                                         .target_address = arp->sender_address},
                                        arp->sender_mac));
    return;
  }
  const auto relay =
      std::ranges::find(plan_.relays, ethernet->destination, &FleetRelay::outside_mac);
  if (relay == plan_.relays.end() || !is_ipv4(frame)) return;
  if (destination_of(frame) != relay->inside.address) return route_in(*relay, frame);
  const auto udp = frames::inspect_udp(frame);
  if (udp && udp->destination.port == dhcp::kServerPort) relay_reply(*relay, udp->payload);
}

// To a machine inside, as a router sends it: one hop further, between its own address there and the
// machine's.
void RelayedFleet::route_in(const FleetRelay& relay, ByteView frame) {
  const auto owner = inside_.find(destination_of(frame));
  if (owner == inside_.end() || frame[kTtl] <= 1) return;
  Frame copy = readdressed(frame, owner->second, relay.inside_mac);
  count_hop(copy);
  fleet_.on_frame(now_, copy);
}

void RelayedFleet::relay_reply(const FleetRelay& relay, ByteView packet) {
  auto message = dhcp::decode(packet);
  if (!message || message->header.op != dhcp::kBootReply) return;
  // RFC 3046 s.2.1: the relay agent takes its option off again.
  message->remove(dhcp::OptionCode::RelayAgentInformation);
  const MacAddress mac = message->header.mac();
  const bool to_all = (message->header.flags & dhcp::kBroadcastFlag) != 0 ||
                      message->header.yiaddr.is_unspecified();
  // RFC 1542 s.4.1.2, with yiaddr where the client can take a unicast.
  frames::UdpSpec spec;
  spec.destination_mac = to_all ? MacAddress::broadcast() : mac;
  spec.source_mac = relay.inside_mac;
  spec.source = {relay.inside.address, dhcp::kServerPort};
  spec.destination = {to_all ? Ipv4Address::broadcast() : message->header.yiaddr,
                      dhcp::kClientPort};
  Bytes octets;
  dhcp::encode_into(*message, kBootpSize, octets);
  fleet_.on_frame(now_, frames::build_udp(spec, octets));
}

bool RelayedFleet::poll_transmit(Frame& out) {
  while (outbox_.empty()) {
    if (!fleet_.poll_transmit(scratch_)) return false;
    from_client(scratch_);
  }
  std::swap(out, outbox_.front());
  outbox_.pop_front();
  return true;
}

void RelayedFleet::from_client(const Frame& frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return;
  const auto client = fleet_.numbering().client_of(ethernet->source);
  if (!client) return;
  const FleetRelay& relay = relay_of(*client);
  if (const auto arp = frames::inspect_arp(frame)) return answer_arp(relay, *arp);
  if (!is_ipv4(frame)) return;
  if (ethernet->destination == relay.inside_mac) return route_out(relay, frame);
  const auto udp = frames::inspect_udp(frame);
  if (udp && ethernet->destination.is_broadcast() && udp->destination.port == dhcp::kServerPort) {
    relay_request(relay, *client, udp->payload);
  }
}

void RelayedFleet::answer_arp(const FleetRelay& relay, const frames::Arp& arp) {
  if (!arp.sender_address.is_unspecified()) inside_[arp.sender_address] = arp.sender_mac;
  if (arp.operation != frames::kArpRequest || arp.target_address != relay.inside.address) return;
  fleet_.on_frame(now_, frames::build_arp({.operation = frames::kArpReply,
                                           .sender_mac = relay.inside_mac,
                                           .sender_address = relay.inside.address,
                                           .target_mac = arp.sender_mac,
                                           .target_address = arp.sender_address},
                                          arp.sender_mac));
}

void RelayedFleet::route_out(const FleetRelay& relay, const Frame& frame) {
  const auto source = Ipv4Address::from(ByteView(frame).subspan(kIp + 12, 4));
  inside_[*source] = *MacAddress::from(ByteView(frame).subspan(6, 6));
  const auto server = std::ranges::find(plan_.servers, destination_of(frame), &Server::address);
  if (server == plan_.servers.end() || frame[kTtl] <= 1) return;
  Frame copy = readdressed(frame, server->mac, relay.outside_mac);
  count_hop(copy);
  outbox_.push_back(std::move(copy));
}

void RelayedFleet::relay_request(const FleetRelay& relay, ClientIndex client, ByteView packet) {
  auto message = dhcp::decode(packet);
  if (!message || message->header.op != dhcp::kBootRequest) return;
  if (message->header.hops >= kMostHops) return;
  ++message->header.hops;
  message->header.giaddr = relay.inside.address;
  const std::string port = fmt::format("port{}", client / plan_.relays.size() + 1);
  Bytes information{kCircuitId, static_cast<std::uint8_t>(port.size())};
  information.insert(information.end(), port.begin(), port.end());
  message->after_end.clear();  // its zeros give way
  message->add(dhcp::OptionCode::RelayAgentInformation, information);
  Bytes octets;
  dhcp::encode_into(*message, std::max(packet.size(), kBootpSize), octets);
  for (const Server& server : plan_.servers) {
    frames::UdpSpec spec;
    spec.destination_mac = server.mac;
    spec.source_mac = relay.outside_mac;
    spec.source = {relay.inside.address, dhcp::kServerPort};
    spec.destination = {server.address, dhcp::kServerPort};
    outbox_.push_back(frames::build_udp(spec, octets));
  }
}

}  // namespace pxeproof::rom
