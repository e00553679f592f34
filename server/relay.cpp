#include "server/relay.h"

#include <algorithm>

#include "protocol/dhcp/message.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kHopsOffset = 3;
constexpr std::size_t kFlagsOffset = 10;
constexpr std::size_t kCiaddrOffset = 12;
constexpr std::size_t kYiaddrOffset = 16;
constexpr std::size_t kGiaddrOffset = 24;
constexpr std::size_t kChaddrOffset = 28;
constexpr std::uint8_t kEthernet = 1;
constexpr std::uint8_t kEthernetAddressSize = 6;
constexpr std::uint8_t kMaximumHops =
    20;  // dnsmasq's; RFC 1542 s.4.1.1 wants 16 or fewer by default

Ipv4Address address_at(ByteView payload, std::size_t offset) {
  return *Ipv4Address::from(payload.subspan(offset, 4));
}

bool is_named(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return true;
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

}  // namespace

Relay::Relay(const Configuration& configuration, const std::vector<NetworkInterface>& interfaces)
    : server_port_(configuration.dhcp_server_port), client_port_(configuration.dhcp_client_port) {
  for (const DhcpRelay& words : configuration.relays) {
    Line line{.words = words};
    for (const NetworkInterface& interface : interfaces) {
      const bool has_local = std::ranges::any_of(
          interface.addresses, [&](const Subnet& subnet) { return subnet.address == words.local; });
      if (has_local) line.interface_index = interface.index;
      if (interface.name == words.interface) line.server_interface_index = interface.index;
    }
    if (words.server) line.server_interface_index = 0;
    // A line whose address this machine has not waits for the reload that finds it.
    if (line.interface_index != 0) lines_.push_back(std::move(line));
  }
  if (!lines_.empty()) interfaces_ = interfaces;
}

std::string_view Relay::name_of(std::uint32_t interface_index) const {
  const auto found = std::ranges::find(interfaces_, interface_index, &NetworkInterface::index);
  return found == interfaces_.end() ? std::string_view() : std::string_view(found->name);
}

bool Relay::is_for(const IncomingDatagram& request) const {
  return std::ranges::any_of(
      lines_, [&](const Line& line) { return line.interface_index == request.interface_index; });
}

std::vector<OutgoingDatagram> Relay::forward(const IncomingDatagram& request) const {
  std::vector<OutgoingDatagram> forwarded;
  Bytes payload(request.payload.begin(), request.payload.end());
  const Ipv4Address relayed_by = address_at(payload, kGiaddrOffset);
  if (payload[kHopsOffset]++ > kMaximumHops) return {};
  // As dnsmasq does, the last line of the file first.
  for (auto each = lines_.rbegin(); each != lines_.rend(); ++each) {
    const Line& line = *each;
    if (line.interface_index != request.interface_index) continue;
    // What this relay sent has come back: nobody is helped by another round.
    if (relayed_by == line.words.local) continue;
    OutgoingDatagram& out = forwarded.emplace_back();
    out.head = payload;
    if (relayed_by.is_unspecified()) {
      const auto own = line.words.local.octets();
      std::ranges::copy(own, out.head.begin() + kGiaddrOffset);
    }
    out.source = {line.words.local, server_port_};
    const std::uint16_t port = line.words.port.value_or(server_port_);
    if (line.words.server) {
      out.destination = {*line.words.server, port};
      continue;
    }
    out.destination = {Ipv4Address::broadcast(), port};
    out.interface_index = line.server_interface_index;
    out.addressing = LinkAddressing::Broadcast;
    out.link_address = MacAddress::broadcast();
  }
  return forwarded;
}

const Relay::Line* Relay::line_of_answer(const IncomingDatagram& datagram) const {
  const ByteView payload = datagram.payload;
  if (payload.size() < dhcp::kHeaderSize || payload[0] != dhcp::kBootReply) return nullptr;
  const Ipv4Address giaddr = address_at(payload, kGiaddrOffset);
  const auto found = std::ranges::find_if(lines_, [&](const Line& line) {
    return line.words.local == giaddr &&
           is_named(line.words.interface, name_of(datagram.interface_index));
  });
  return found == lines_.end() ? nullptr : &*found;
}

std::optional<OutgoingDatagram> Relay::hand_back(const IncomingDatagram& answer) const {
  const Line* line = line_of_answer(answer);
  if (line == nullptr) return std::nullopt;
  const ByteView payload = answer.payload;
  OutgoingDatagram out;
  out.head.assign(payload.begin(), payload.end());
  out.source = {line->words.local, server_port_};
  out.destination.port = client_port_;
  const Ipv4Address ciaddr = address_at(payload, kCiaddrOffset);
  if (!ciaddr.is_unspecified()) {
    out.destination.address = ciaddr;
    return out;
  }
  out.interface_index = line->interface_index;
  const Ipv4Address yiaddr = address_at(payload, kYiaddrOffset);
  const bool wants_broadcast = (payload[kFlagsOffset] & 0x80U) != 0;
  const bool has_link_address = payload[1] == kEthernet && payload[2] == kEthernetAddressSize;
  if (wants_broadcast || yiaddr.is_unspecified() || !has_link_address) {
    out.destination.address = Ipv4Address::broadcast();
    out.addressing = LinkAddressing::Broadcast;
    out.link_address = MacAddress::broadcast();
    return out;
  }
  out.destination.address = yiaddr;
  out.addressing = LinkAddressing::Direct;
  out.link_address = *MacAddress::from(payload.subspan(kChaddrOffset, kEthernetAddressSize));
  return out;
}

}  // namespace pxeproof::server
