#include "trace/frame_filter.h"

#include <array>
#include <cstring>
#include <string_view>

#include "protocol/dhcp/message.h"
#include "protocol/dhcp/option_code.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::trace {

namespace {

constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;  // IEEE 802.1ad
constexpr std::uint16_t kEtherTypeOldVlan = 0x9100;      // before the standard
constexpr std::size_t kMaximumTags = 2;
constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::size_t kTcpHeaderSize = 20;
constexpr std::uint8_t kIcmpUnreachable = 3;

std::uint16_t read_u16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

struct Network {
  std::uint16_t type = 0;
  std::size_t at = 0;  // of the header behind the type
};

Network find_network(ByteView frame) {
  std::size_t at = 12;
  for (std::size_t tags = 0; frame.size() >= at + 2; ++tags, at += 4) {
    const std::uint16_t type = read_u16(frame, at);
    const bool tagged = type == frames::kEtherTypeVlan || type == kEtherTypeServiceVlan ||
                        type == kEtherTypeOldVlan;
    if (!tagged || tags == kMaximumTags) return {type, at + 2};
  }
  return {};
}

FrameKind look_at_tcp(ByteView segment) {
  if (segment.size() < kTcpHeaderSize) return FrameKind::Foreign;
  constexpr std::uint8_t kSynOrReset = 0x06;
  if ((segment[13] & kSynOrReset) != 0) return FrameKind::TcpOpening;
  const std::size_t header = std::size_t{4} * (segment[12] >> 4U);
  if (segment.size() < header + 5) return FrameKind::TcpSegment;
  const std::uint8_t first = segment[header];
  if (first != 'G' && first != 'H') return FrameKind::TcpSegment;
  const std::string_view begin(reinterpret_cast<const char*>(segment.data()) + header, 5);
  if (begin.starts_with("GET ") || begin == "HEAD " || begin == "HTTP/") return FrameKind::Http;
  return FrameKind::TcpSegment;
}

// RFC 8415 s.7.2 and RFC 4861 s.4.1 and 4.2, without extension headers.
FrameKind look_at_ipv6(ByteView datagram) {
  constexpr std::size_t kHeader = 40;
  constexpr std::uint8_t kIcmpV6 = 58;
  constexpr std::uint8_t kRouterSolicitation = 133;
  constexpr std::uint8_t kRouterAdvertisement = 134;
  constexpr std::uint16_t kClient = 546;
  constexpr std::uint16_t kServer = 547;
  if (datagram.size() < kHeader + 4) return FrameKind::Foreign;
  if (datagram[6] == kIcmpV6) {
    const std::uint8_t type = datagram[kHeader];
    return type == kRouterSolicitation || type == kRouterAdvertisement ? FrameKind::RouterDiscovery
                                                                       : FrameKind::Foreign;
  }
  if (datagram[6] != frames::kProtocolUdp) return FrameKind::Foreign;
  const std::uint16_t source = read_u16(datagram, kHeader);
  const std::uint16_t destination = read_u16(datagram, kHeader + 2);
  const bool is_dhcp = (source == kClient || source == kServer) &&
                       (destination == kClient || destination == kServer);
  return is_dhcp ? FrameKind::DhcpV6 : FrameKind::Foreign;
}

bool is_dhcp(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kClientPort || port == dhcp::kBootServerPort;
}

}  // namespace

FrameKind look_at(ByteView frame) {
  const Network network = find_network(frame);
  if (network.type == frames::kEtherTypeArp) return FrameKind::Arp;
  constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
  if (network.type == kEtherTypeIpv6) {
    return look_at_ipv6(frame.subspan(network.at));
  }
  if (network.type != frames::kEtherTypeIpv4 ||
      frame.size() < network.at + frames::kIpv4HeaderSize) {
    return FrameKind::Foreign;
  }
  const std::size_t at = network.at;
  const std::uint8_t protocol = frame[at + 9];
  if (protocol != frames::kProtocolUdp && protocol != kProtocolTcp &&
      protocol != frames::kProtocolIcmp) {
    return FrameKind::Foreign;
  }
  const std::size_t header = std::size_t{4} * (frame[at] & 0x0fU);
  if (frame.size() < at + header + 4 || header < frames::kIpv4HeaderSize) {
    return FrameKind::Foreign;
  }
  if ((read_u16(frame, at + 6) & 0x1fffU) != 0) {
    return protocol == frames::kProtocolUdp ? FrameKind::Fragment : FrameKind::Foreign;
  }
  const ByteView segment = frame.subspan(at + header);
  if (protocol == kProtocolTcp) return look_at_tcp(segment);
  if (protocol == frames::kProtocolIcmp) {
    return segment[0] == kIcmpUnreachable ? FrameKind::IcmpUnreachable : FrameKind::Foreign;
  }
  const std::uint16_t source = read_u16(segment, 0);
  const std::uint16_t destination = read_u16(segment, 2);
  if (is_dhcp(source) || is_dhcp(destination)) return FrameKind::Dhcp;
  return destination == tftp::kPort ? FrameKind::TftpRequest : FrameKind::Udp;
}

std::pair<Ipv4Address, Ipv4Address> ipv4_addresses(ByteView frame) {
  const std::size_t at = find_network(frame).at;
  const auto address = [&](std::size_t offset) {
    return Ipv4Address{std::uint32_t{read_u16(frame, at + offset)} << 16U |
                       read_u16(frame, at + offset + 2)};
  };
  return {address(12), address(16)};
}

std::pair<std::uint16_t, std::uint16_t> udp_ports(ByteView frame) {
  const std::size_t at = find_network(frame).at;
  const std::size_t header = std::size_t{4} * (frame[at] & 0x0fU);
  return {read_u16(frame, at + header), read_u16(frame, at + header + 2)};
}

}  // namespace pxeproof::trace
