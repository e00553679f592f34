#include "lab/service_host.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/dhcp/message.h"
#include "protocol/random.h"

namespace pxeproof::lab {

namespace {

constexpr std::uint8_t kTimeToLive = 64;
constexpr std::uint8_t kInternetworkControl = 0xc0;  // what dnsmasq and Linux' ICMP set as TOS
constexpr std::size_t kIcmpQuote = 548;              // RFC 1812 s.4.3.2.3: the whole is 576 at most
constexpr Duration kIcmpInterval = std::chrono::seconds(1);  // net.ipv4.icmp_ratelimit
constexpr std::size_t kIdentificationBuckets = 2048;         // as many as Linux has at the least

bool is_dhcp(std::uint16_t source_port) {
  return source_port == dhcp::kServerPort || source_port == dhcp::kBootServerPort;
}

// RFC 1112 s.6.4.
MacAddress multicast_mac(Ipv4Address group) {
  const auto octets = group.octets();
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(octets[1] & 0x7fU), octets[2], octets[3]}};
}

}  // namespace

std::string_view to_string(Drop drop) {
  switch (drop) {
    case Drop::ForeignMac:
      return "addressed to another station";
    case Drop::ForeignType:
      return "neither ARP nor UDP over IPv4";
    case Drop::BadFrame:
      return "a malformed frame";
    case Drop::ForeignAddress:
      return "an IP address that is not this host's";
    case Drop::ClosedPort:
      return "no service listens on the port";
    case Drop::NoRoute:
      return "no route to the destination";
    case Drop::TooLong:
      return "longer than the MTU";
    case Drop::WrongInterface:
      return "the host has no such interface";
    case Drop::QueueFull:
      return "too many frames wait for the neighbour";
    case Drop::TableFull:
      return "too many unresolved neighbours";
  }
  return {};
}

ServiceHost::ServiceHost(HostOptions options, std::vector<DatagramService*> services)
    : options_(std::move(options)),
      services_(std::move(services)),
      neighbours_(options_.neighbours),
      identifications_(kIdentificationBuckets) {
  assert(!options_.interface.addresses.empty());
  for (DatagramService* service : services_) {
    for (const std::uint16_t port : service->ports()) {
      [[maybe_unused]] const bool is_new = listeners_.emplace(port, service).second;
      assert(is_new);
    }
  }
  Random random(options_.seed);
  for (std::uint16_t& first : identifications_) first = static_cast<std::uint16_t>(random.next());
}

void ServiceHost::start(Instant now) { now_ = now; }

bool ServiceHost::is_own(Ipv4Address address) const {
  return std::ranges::find(options_.interface.addresses, address, &Subnet::address) !=
         options_.interface.addresses.end();
}

bool ServiceHost::is_broadcast(Ipv4Address address) const {
  return address.is_broadcast() ||
         std::ranges::any_of(options_.interface.addresses, [address](const Subnet& subnet) {
           return subnet.broadcast() == address;
         });
}

const Subnet* ServiceHost::subnet_of(Ipv4Address address) const {
  const auto found =
      std::ranges::find_if(options_.interface.addresses,
                           [address](const Subnet& subnet) { return subnet.contains(address); });
  return found == options_.interface.addresses.end() ? nullptr : &*found;
}

void ServiceHost::on_frame(Instant now, ByteView frame) {
  now_ = now;
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return note(Drop::BadFrame);
  const bool for_us =
      ethernet->destination == options_.interface.mac || ethernet->destination.is_group();
  if (!for_us || ethernet->vlan) return note(Drop::ForeignMac);
  if (ethernet->type == frames::kEtherTypeArp) {
    const auto arp = frames::inspect_arp(frame);
    return arp ? on_arp(*arp, ethernet->destination) : note(Drop::BadFrame);
  }
  const auto udp = frames::inspect_udp(frame);
  if (!udp) {
    const bool foreign = udp.error().fault == frames::Fault::ForeignType ||
                         udp.error().fault == frames::Fault::ForeignProtocol;
    return note(foreign ? Drop::ForeignType : Drop::BadFrame);
  }
  if (!accepts(*udp)) return note(Drop::ForeignAddress);
  on_udp(now, *udp, frame.subspan(ethernet->payload_offset));
}

bool ServiceHost::accepts(const frames::Udp& udp) const {
  const Ipv4Address source = udp.source.address;
  const Ipv4Address destination = udp.destination.address;
  if (source.is_multicast() || is_broadcast(source) || is_own(source)) return false;
  // Linux takes a sender without an address only when it speaks to everybody.
  if (source.is_unspecified()) return destination.is_broadcast();
  if (is_own(destination) || is_broadcast(destination)) return true;
  return std::ranges::find(options_.multicast_groups, destination) !=
         options_.multicast_groups.end();
}

void ServiceHost::on_arp(const frames::Arp& arp, const MacAddress& link_destination) {
  const bool asks_us = is_own(arp.target_address);
  // A probe (RFC 5227) asks with the unspecified address: nothing to learn from.
  if (!arp.sender_address.is_unspecified() && !is_own(arp.sender_address)) {
    using Source = NeighbourTable::Source;
    Source source = Source::Passing;
    if (arp.operation == frames::kArpReply && link_destination == options_.interface.mac) {
      source = Source::Reply;
    } else if (arp.operation == frames::kArpRequest && asks_us) {
      source = Source::Request;
    }
    neighbours_.learn(now_, arp.sender_address, arp.sender_mac, source);
  }
  if (!asks_us || arp.operation != frames::kArpRequest) return;
  const frames::Arp reply{frames::kArpReply, options_.interface.mac, arp.target_address,
                          arp.sender_mac, arp.sender_address};
  replies_.push_back(frames::build_arp(reply, arp.sender_mac));
}

void ServiceHost::on_udp(Instant now, const frames::Udp& udp, ByteView datagram) {
  const auto listener = listeners_.find(udp.destination.port);
  if (listener == listeners_.end()) {
    note(Drop::ClosedPort);
    return refuse(now, udp, datagram);
  }
  listener->second->on_datagram(
      now, {udp.source, udp.destination, options_.interface.index, udp.payload});
}

// RFC 1122 s.4.1.3.1 and s.3.2.2: port unreachable, but never about a broadcast or multicast.
void ServiceHost::refuse(Instant now, const frames::Udp& udp, ByteView datagram) {
  if (!is_own(udp.destination.address) || !may_refuse(now, udp.source.address)) return;
  const auto hop = next_hop(udp.source.address);
  if (!hop) return note(Drop::NoRoute);
  const auto mac = neighbour(*hop);
  const std::size_t length = std::size_t{datagram[2]} << 8U | datagram[3];
  const Frame frame = frames::build_port_unreachable(
      {.destination_mac = mac.value_or(MacAddress{}),
       .source_mac = options_.interface.mac,
       .source = udp.destination.address,
       .destination = udp.source.address,
       .identification = identify(udp.source.address, frames::kProtocolIcmp),
       .ttl = kTimeToLive,
       .tos = kInternetworkControl},
      datagram.first(std::min(length, kIcmpQuote)));
  if (mac) {
    replies_.push_back(frame);
  } else {
    wait_for(*hop, frame);
  }
}

// Linux' token bucket per destination.
bool ServiceHost::may_refuse(Instant now, Ipv4Address target) {
  if (!icmp_budgets_.contains(target) && icmp_budgets_.size() >= options_.icmp_targets) {
    icmp_budgets_.clear();
  }
  IcmpBudget& budget = icmp_budgets_.emplace(target, IcmpBudget{0, now}).first->second;
  const auto regained = static_cast<std::size_t>((now - budget.since) / kIcmpInterval);
  budget.since += kIcmpInterval * static_cast<std::int64_t>(regained);
  budget.spent -= std::min(budget.spent, regained);
  if (budget.spent >= options_.icmp_burst) return false;
  if (budget.spent == 0) budget.since = now;
  ++budget.spent;
  return true;
}

void ServiceHost::on_timeout(Instant now) {
  now_ = now;
  neighbours_.on_timeout(now);
  for (DatagramService* service : services_) service->on_timeout(now);
}

std::optional<Instant> ServiceHost::poll_timeout() const {
  std::optional<Instant> next = neighbours_.poll_timeout();
  for (const DatagramService* service : services_) {
    const auto wanted = service->poll_timeout();
    if (wanted && (!next || *wanted < *next)) next = wanted;
  }
  return next;
}

bool ServiceHost::poll_transmit(Frame& out) {
  while (true) {
    if (!replies_.empty()) {
      out.assign(replies_.front().begin(), replies_.front().end());
      replies_.pop_front();
      return true;
    }
    if (const auto question = neighbours_.poll_question()) {
      out = ask(*question);
      return true;
    }
    if (neighbours_.poll_transmit(out)) return true;
    const bool has_more = std::ranges::any_of(
        services_, [this](DatagramService* service) { return service->poll_transmit(outgoing_); });
    if (!has_more) return false;
    if (prepare(outgoing_, out)) return true;
  }
}

// An ARP request of our own, from the address in the subnet of the one asked for.
Frame ServiceHost::ask(const NeighbourTable::Question& question) const {
  const Subnet* subnet = subnet_of(question.address);
  const Ipv4Address own =
      subnet == nullptr ? options_.interface.addresses.front().address : subnet->address;
  return frames::build_arp(
      {frames::kArpRequest, options_.interface.mac, own, MacAddress{}, question.address},
      question.to.value_or(MacAddress::broadcast()));
}

std::optional<Ipv4Address> ServiceHost::next_hop(Ipv4Address destination) const {
  if (is_own(destination) || destination.is_unspecified()) return std::nullopt;
  if (subnet_of(destination) != nullptr) return destination;
  for (const HostOptions::Route& route : options_.routes) {
    if (route.to.contains(destination)) return route.via;
  }
  return options_.gateway;
}

// Builds the frame of a datagram; false when it waits for ARP or was dropped.
bool ServiceHost::prepare(const OutgoingDatagram& datagram, Frame& out) {
  if (datagram.interface_index != 0 && datagram.interface_index != options_.interface.index) {
    note(Drop::WrongInterface);
    return false;
  }
  constexpr std::size_t kHeaders = frames::kIpv4HeaderSize + frames::kUdpHeaderSize;
  if (kHeaders + datagram.size_bytes() > options_.interface.mtu) {
    note(Drop::TooLong);
    return false;
  }
  Endpoint source = datagram.source;
  const Ipv4Address to = datagram.destination.address;
  if (source.address.is_unspecified()) {
    const Subnet* subnet = subnet_of(to);
    source.address =
        subnet == nullptr ? options_.interface.addresses.front().address : subnet->address;
  }

  std::optional<MacAddress> mac;
  std::optional<Ipv4Address> hop;
  if (datagram.addressing == LinkAddressing::Direct) {
    mac = datagram.link_address;
  } else if (datagram.addressing == LinkAddressing::Broadcast || is_broadcast(to)) {
    mac = MacAddress::broadcast();
  } else if (to.is_multicast()) {
    mac = multicast_mac(to);
  } else {
    hop = next_hop(to);
    if (!hop) {
      note(Drop::NoRoute);
      return false;
    }
    mac = neighbour(*hop);
  }

  // Linux numbers what may be fragmented; with DF on an unconnected socket the identification is 0.
  const std::uint16_t identification =
      is_dhcp(source.port) ? identify(to, frames::kProtocolUdp) : std::uint16_t{0};
  const frames::UdpTemplate::Flow flow{mac.value_or(MacAddress{}), source, datagram.destination};
  if (mac) {
    build(flow, identification, datagram, out);
    return true;
  }
  build(flow, identification, datagram, waiting_);
  wait_for(*hop, waiting_);
  return false;
}

bool ServiceHost::wait_for(Ipv4Address next_hop, const Frame& frame) {
  switch (neighbours_.resolve(now_, next_hop, frame)) {
    case NeighbourTable::Outcome::Queued:
      return true;
    case NeighbourTable::Outcome::QueueFull:
      note(Drop::QueueFull);
      return false;
    case NeighbourTable::Outcome::TableFull:
      note(Drop::TableFull);
      return false;
  }
  return false;
}

std::optional<MacAddress> ServiceHost::neighbour(Ipv4Address address) {
  if (const MacAddress* permanent = permanent_.find(address.value)) return *permanent;
  return neighbours_.use(now_, address);
}

void ServiceHost::build(const frames::UdpTemplate::Flow& flow, std::uint16_t identification,
                        const OutgoingDatagram& datagram, Frame& out) {
  const bool from_dhcp = is_dhcp(flow.source.port);
  std::optional<frames::UdpTemplate>& frames = from_dhcp ? dhcp_frames_ : other_frames_;
  if (!frames) {
    frames.emplace(frames::UdpSpec{.destination_mac = flow.destination_mac,
                                   .source_mac = options_.interface.mac,
                                   .source = flow.source,
                                   .destination = flow.destination,
                                   .ttl = kTimeToLive,
                                   .tos = from_dhcp ? kInternetworkControl : std::uint8_t{0},
                                   .dont_fragment = !from_dhcp});
  } else if (frames->flow() != flow) {
    frames->retarget(flow);
  }
  frames->build(identification, datagram.head, datagram.body, out);
}

// One counter per bucket of destinations and protocols, each with a random start, as Linux has it.
std::uint16_t ServiceHost::identify(Ipv4Address destination, std::uint8_t protocol) {
  Random hash(std::uint64_t{destination.value} << 8U | protocol);
  return identifications_[hash.below(identifications_.size())]++;
}

}  // namespace pxeproof::lab
