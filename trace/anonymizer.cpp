#include "trace/anonymizer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::trace {

namespace {

constexpr std::uint8_t kProtocolTcp = 6;
constexpr std::size_t kTcpHeaderSize = 20;
constexpr std::size_t kIcmpHeaderSize = 8;
constexpr std::size_t kQuotedTransport = 8;  // RFC 792: so much of it is quoted
constexpr std::uint8_t kRedirect = 5;
constexpr std::array<std::uint8_t, 5> kQuotingTypes = {3, 4, kRedirect, 11, 12};

std::uint16_t number_at(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

void put_u16(Bytes& octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8U & 0xffU);
  octets[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

void put_address(Bytes& octets, std::size_t at, Ipv4Address address) {
  std::ranges::copy(address.octets(), octets.begin() + static_cast<std::ptrdiff_t>(at));
}

Ipv4Address address_at(ByteView octets, std::size_t at) {
  return Ipv4Address::from(octets.subspan(at, 4)).value_or(Ipv4Address());
}

// RFC 768, RFC 793: over a head of addresses, protocol and length, then the segment.
std::uint16_t transport_checksum(ByteView ip_header, ByteView segment) {
  Bytes octets(ip_header.begin() + 12, ip_header.begin() + 20);
  ByteWriter writer(octets);
  writer.u16(ip_header[9]);
  writer.u16(static_cast<std::uint16_t>(segment.size()));
  writer.bytes(segment);
  return frames::internet_checksum(octets);
}

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kClientPort || port == dhcp::kBootServerPort;
}

// The head of an IPv4 packet with other addresses and another length.
Bytes rewrite_ip_header(ByteView header, std::size_t content_size, Pseudonyms& names) {
  constexpr std::uint8_t kNoOperation = 1;
  Bytes out(header.begin(), header.end());
  // Options may record the way that the packet took.
  std::fill(out.begin() + frames::kIpv4HeaderSize, out.end(), kNoOperation);
  put_u16(out, 2, header.size() + content_size);
  put_address(out, 12, names.of(address_at(header, 12)));
  put_address(out, 16, names.of(address_at(header, 16)));
  put_u16(out, 10, 0);
  put_u16(out, 10, frames::internet_checksum(out));
  return out;
}

std::size_t ip_header_size(ByteView datagram) {
  return datagram.empty() ? 0 : std::size_t{4} * (datagram[0] & 0x0fU);
}

}  // namespace

void Anonymizer::write_ethernet(ByteView frame, Bytes& out) {
  ByteWriter writer(out);
  writer.bytes(names_.of(*MacAddress::from(frame.first(6))).octets);
  writer.bytes(names_.of(*MacAddress::from(frame.subspan(6, 6))).octets);
  writer.bytes(frame.subspan(12, 2));
}

std::optional<Anonymizer::Frame> Anonymizer::rewrite_arp(ByteView frame) {
  auto arp = frames::inspect_arp(frame);
  if (!arp) return std::nullopt;
  arp->sender_mac = names_.of(arp->sender_mac);
  arp->target_mac = names_.of(arp->target_mac);
  arp->sender_address = names_.of(arp->sender_address);
  arp->target_address = names_.of(arp->target_address);
  Frame rewritten;
  write_ethernet(frame, rewritten.octets);
  const Bytes built = frames::build_arp(*arp, MacAddress::broadcast());
  rewritten.octets.insert(rewritten.octets.end(), built.begin() + frames::kEthernetHeaderSize,
                          built.end());
  rewritten.original_size = static_cast<std::uint32_t>(rewritten.octets.size());
  return rewritten;
}

std::optional<Bytes> Anonymizer::rewrite_dhcp(ByteView payload) {
  return anonymize_dhcp(payload, names_);
}

std::optional<Bytes> Anonymizer::rewrite_tftp(const SeenPacket& packet, std::size_t& kept) {
  auto decoded = tftp::decode(packet.payload);
  if (!decoded) return std::nullopt;
  if (auto* request = std::get_if<tftp::Request>(&*decoded)) {
    request->filename = names_.text(request->filename, packet.source.address);
  } else if (auto* error = std::get_if<tftp::Error>(&*decoded)) {
    // Servers put the name of the file into the text.
    error->text = names_.text(error->text, packet.destination.address);
  } else if (std::holds_alternative<tftp::Data>(*decoded)) {
    kept = tftp::kDataHeaderSize;
    return Bytes(packet.payload.begin(), packet.payload.end());
  }
  Bytes encoded = tftp::encode(*decoded);
  kept = encoded.size();
  return encoded;
}

Bytes Anonymizer::rewrite_payload(const SeenPacket& packet, std::size_t& kept) {
  const bool dhcp = is_dhcp_port(packet.source.port) || is_dhcp_port(packet.destination.port);
  if (dhcp && !packet.is_cut()) {
    if (auto message = rewrite_dhcp(packet.payload)) {
      kept = message->size();
      return *message;
    }
  } else if (!dhcp) {
    if (auto rewritten = rewrite_tftp(packet, kept)) return *rewritten;
  }
  kept = 0;
  return {packet.payload.begin(), packet.payload.end()};
}

Anonymizer::Content Anonymizer::rewrite_udp(const SeenPacket& packet, ByteView segment) {
  Content content;
  std::size_t kept = 0;
  const Bytes payload = rewrite_payload(packet, kept);
  content.octets.assign(segment.begin(), segment.begin() + frames::kUdpHeaderSize);
  content.octets.insert(content.octets.end(), payload.begin(), payload.end());
  content.is_whole = !packet.is_cut();
  // What a snap length cut off still counts in the length.
  const std::size_t cut_off = packet.payload_size - packet.payload.size();
  put_u16(content.octets, 4, content.octets.size() + cut_off);
  content.kept = frames::kUdpHeaderSize + kept;
  return content;
}

// The head of the datagram that it is about is quoted.
Anonymizer::Content Anonymizer::rewrite_icmp(ByteView segment) {
  Content content;
  content.octets.assign(segment.begin(), segment.end());
  content.kept = std::min(segment.size(), kIcmpHeaderSize);
  const bool quotes =
      !segment.empty() && std::ranges::find(kQuotingTypes, segment[0]) != kQuotingTypes.end();
  if (!quotes || segment.size() < kIcmpHeaderSize + frames::kIpv4HeaderSize) return content;
  const ByteView quoted = segment.subspan(kIcmpHeaderSize);
  const std::size_t header = ip_header_size(quoted);
  if (header < frames::kIpv4HeaderSize || header > quoted.size()) return content;
  const std::size_t length = number_at(quoted, 2);
  Bytes rewritten =
      rewrite_ip_header(quoted.first(header), length > header ? length - header : 0, names_);
  const ByteView rest = quoted.subspan(header);
  const ByteView transport = rest.first(std::min(rest.size(), kQuotedTransport));
  content.octets.resize(kIcmpHeaderSize);
  if (segment[0] == kRedirect) put_address(content.octets, 4, names_.of(address_at(segment, 4)));
  content.octets.insert(content.octets.end(), rewritten.begin(), rewritten.end());
  content.octets.insert(content.octets.end(), transport.begin(), transport.end());
  content.kept = content.octets.size();
  put_u16(content.octets, 2, 0);
  put_u16(content.octets, 2, frames::internet_checksum(content.octets));
  return content;
}

// Of HTTP the first line stays, with its names replaced.
Anonymizer::Content Anonymizer::rewrite_tcp(ByteView segment, Ipv4Address client) {
  Content content;
  content.octets.assign(segment.begin(), segment.end());
  const std::size_t header =
      segment.size() < kTcpHeaderSize ? segment.size() : std::size_t{4} * (segment[12] >> 4U);
  if (header > segment.size() || header < kTcpHeaderSize) {
    content.kept = std::min(segment.size(), kTcpHeaderSize);
    return content;
  }
  const std::string text = as_text(segment.subspan(header));
  const bool is_http =
      text.starts_with("GET ") || text.starts_with("HEAD ") || text.starts_with("HTTP/");
  content.kept = header;
  if (!is_http) return content;
  const std::size_t line = std::min(text.find('\r'), text.size());
  std::string first = names_.text(std::string_view(text).substr(0, line), client);
  const std::string rest = text.substr(line);
  content.octets.resize(header);
  ByteWriter writer(content.octets);
  writer.text(first);
  writer.text("\r\n");
  content.kept = content.octets.size();
  writer.text(rest.size() > 2 ? std::string_view(rest).substr(2) : std::string_view());
  return content;
}

std::optional<Anonymizer::Frame> Anonymizer::rewrite_ipv4(ByteView frame) {
  const ByteView datagram = frame.subspan(frames::kEthernetHeaderSize);
  const std::size_t header = ip_header_size(datagram);
  if (datagram.size() < frames::kIpv4HeaderSize || header < frames::kIpv4HeaderSize ||
      datagram.size() < header) {
    return std::nullopt;
  }
  const std::size_t length = number_at(datagram, 2);
  if (length < header) return std::nullopt;
  const ByteView segment = datagram.subspan(header, std::min(datagram.size(), length) - header);
  const std::size_t cut_off = length - header - segment.size();
  const std::uint8_t protocol = datagram[9];
  // Texts may hold these addresses, or what they begin with.
  for (const std::size_t at : {12U, 16U}) names_.of(address_at(datagram, at));
  Content content;
  content.octets.assign(segment.begin(), segment.end());
  content.is_whole = cut_off == 0;
  const auto packet = see_packet(frame);
  const bool has_header = packet && !packet->is_fragment;
  if (has_header && protocol == frames::kProtocolUdp && segment.size() >= frames::kUdpHeaderSize) {
    content = rewrite_udp(*packet, segment);
  } else if (has_header && protocol == frames::kProtocolIcmp && cut_off == 0) {
    content = rewrite_icmp(segment);
  } else if (has_header && protocol == kProtocolTcp) {
    content = rewrite_tcp(segment, packet->source.address);
  } else if (packet && packet->is_fragment && packet->is_first_piece) {
    content.kept = std::min<std::size_t>(segment.size(), frames::kUdpHeaderSize);
  }
  Frame rewritten;
  write_ethernet(frame, rewritten.octets);
  const Bytes ip =
      rewrite_ip_header(datagram.first(header), content.octets.size() + cut_off, names_);
  if (protocol == frames::kProtocolUdp && content.octets.size() >= frames::kUdpHeaderSize) {
    const bool had_checksum = number_at(content.octets, 6) != 0;
    put_u16(content.octets, 6, 0);
    if (had_checksum && has_header && content.is_whole) {
      const std::uint16_t sum = transport_checksum(ip, content.octets);
      put_u16(content.octets, 6, sum == 0 ? 0xffffU : sum);
    }
  }
  if (protocol == kProtocolTcp && content.octets.size() >= kTcpHeaderSize && cut_off == 0) {
    put_u16(content.octets, 16, 0);
    put_u16(content.octets, 16, transport_checksum(ip, content.octets));
  }
  rewritten.octets.insert(rewritten.octets.end(), ip.begin(), ip.end());
  rewritten.original_size =
      static_cast<std::uint32_t>(rewritten.octets.size() + content.octets.size() + cut_off);
  content.octets.resize(std::min(content.octets.size(), content.kept));
  rewritten.octets.insert(rewritten.octets.end(), content.octets.begin(), content.octets.end());
  return rewritten;
}

std::optional<Anonymizer::Frame> Anonymizer::rewrite(ByteView frame) {
  if (frame.size() < frames::kEthernetHeaderSize) return std::nullopt;
  const std::uint16_t type = number_at(frame, 12);
  if (type == frames::kEtherTypeArp) return rewrite_arp(frame);
  if (type == frames::kEtherTypeIpv4) return rewrite_ipv4(frame);
  return std::nullopt;
}

}  // namespace pxeproof::trace
