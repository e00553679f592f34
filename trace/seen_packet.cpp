#include "trace/seen_packet.h"

#include <algorithm>

#include "protocol/frames/inspect.h"

namespace pxeproof::trace {

namespace {

constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;  // IEEE 802.1ad
constexpr std::uint16_t kEtherTypeOldVlan = 0x9100;      // before the standard
constexpr std::size_t kMaximumTags = 2;
constexpr std::size_t kTcpHeaderSize = 20;
constexpr std::uint8_t kProtocolTcp = 6;

std::uint16_t read_u16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

std::uint32_t read_u32(ByteView octets, std::size_t at) {
  return std::uint32_t{read_u16(octets, at)} << 16U | read_u16(octets, at + 2);
}

Ipv4Address read_address(ByteView octets, std::size_t at) { return {read_u32(octets, at)}; }

// Where the IPv4 header begins; nullopt when the frame holds none.
std::optional<std::size_t> find_ipv4(ByteView frame) {
  if (frame.size() < frames::kEthernetHeaderSize) return std::nullopt;
  std::size_t at = 12;
  for (std::size_t tags = 0; tags <= kMaximumTags; ++tags) {
    if (frame.size() < at + 2) return std::nullopt;
    const std::uint16_t type = read_u16(frame, at);
    if (type == frames::kEtherTypeIpv4) return at + 2;
    const bool is_tag = type == frames::kEtherTypeVlan || type == kEtherTypeServiceVlan ||
                        type == kEtherTypeOldVlan;
    if (!is_tag) return std::nullopt;
    at += 4;
  }
  return std::nullopt;
}

// The ports and the payload of UDP; false when the header is not there or claims too much.
bool read_udp(ByteView segment, std::size_t wire_size, SeenPacket& packet) {
  if (segment.size() < frames::kUdpHeaderSize) return false;
  packet.source.port = read_u16(segment, 0);
  packet.destination.port = read_u16(segment, 2);
  packet.facts.has_checksum = read_u16(segment, 6) != 0;
  const std::size_t length = read_u16(segment, 4);
  if (length < frames::kUdpHeaderSize || (!packet.is_fragment && length > wire_size)) return false;
  // The first piece of a fragmented datagram says how long the whole is.
  packet.payload_size = length - frames::kUdpHeaderSize;
  const ByteView rest = segment.subspan(frames::kUdpHeaderSize);
  packet.payload = rest.first(std::min(rest.size(), packet.payload_size));
  return true;
}

bool read_tcp(ByteView segment, std::size_t wire_size, SeenPacket& packet) {
  if (segment.size() < kTcpHeaderSize) return false;
  packet.source.port = read_u16(segment, 0);
  packet.destination.port = read_u16(segment, 2);
  const std::size_t header = std::size_t{4} * (segment[12] >> 4U);
  if (header < kTcpHeaderSize || header > wire_size) return false;
  packet.tcp_flags = segment[13];
  packet.tcp_sequence = read_u32(segment, 4);
  packet.tcp_acknowledgement = read_u32(segment, 8);
  packet.payload_size = wire_size - header;
  packet.payload = segment.subspan(std::min(header, segment.size()));
  return true;
}

}  // namespace

std::optional<SeenPacket> see_packet(ByteView frame) {
  const auto at = find_ipv4(frame);
  if (!at || frame.size() < *at + frames::kIpv4HeaderSize) return std::nullopt;
  const ByteView rest = frame.subspan(*at);
  const std::size_t header = std::size_t{4} * (rest[0] & 0x0fU);
  std::size_t total = read_u16(rest, 2);
  // A card that cuts large sends itself leaves the length 0; what was captured is what there is.
  if (total == 0) total = rest.size();
  if ((rest[0] >> 4U) != 4 || header < frames::kIpv4HeaderSize || total < header ||
      rest.size() < header) {
    return std::nullopt;
  }
  const ByteView segment = rest.subspan(header, std::min(rest.size(), total) - header);
  const std::size_t wire_size = total - header;
  const std::uint16_t fragment = read_u16(rest, 6);

  SeenPacket packet;
  packet.facts.link_destination = MacAddress::from(frame.first(6)).value_or(MacAddress{});
  packet.facts.link_source = MacAddress::from(frame.subspan(6, 6)).value_or(MacAddress{});
  packet.facts.ttl = rest[8];
  packet.facts.identification = read_u16(rest, 4);
  packet.facts.dont_fragment = (fragment & 0x4000U) != 0;
  packet.source.address = read_address(rest, 12);
  packet.destination.address = read_address(rest, 16);
  packet.protocol = rest[9];
  packet.is_fragment = (fragment & 0x3fffU) != 0;
  packet.is_first_piece = (fragment & 0x1fffU) == 0;
  if (packet.is_first_piece && packet.protocol == frames::kProtocolUdp) {
    if (!read_udp(segment, wire_size, packet)) return std::nullopt;
    return packet;
  }
  if (packet.is_first_piece && packet.protocol == kProtocolTcp) {
    if (!read_tcp(segment, wire_size, packet)) return std::nullopt;
    return packet;
  }
  packet.payload = segment;
  packet.payload_size = wire_size;
  return packet;
}

}  // namespace pxeproof::trace
