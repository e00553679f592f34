#include "protocol/frames/build.h"

#include <tins/arp.h>
#include <tins/ethernetII.h>
#include <tins/ip.h>
#include <tins/rawpdu.h>
#include <tins/udp.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>

namespace pxeproof::frames {

namespace {

constexpr std::size_t kIpOffset = kEthernetHeaderSize;
constexpr std::size_t kUdpOffset = kIpOffset + kIpv4HeaderSize;
constexpr std::size_t kHeadersSize = kUdpOffset + kUdpHeaderSize;

Tins::HWAddress<6> to_tins(const MacAddress& mac) { return {mac.octets.data()}; }

Tins::IPv4Address to_tins(Ipv4Address address) { return Tins::IPv4Address(to_string(address)); }

std::uint16_t read_u16(ByteView octets, std::size_t offset) {
  return static_cast<std::uint16_t>(octets[offset] << 8U | octets[offset + 1]);
}

void write_u16(std::span<std::uint8_t> octets, std::size_t offset, std::uint16_t value) {
  octets[offset] = static_cast<std::uint8_t>(value >> 8U);
  octets[offset + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

}  // namespace

Bytes build_udp(const UdpSpec& spec, ByteView payload) {
  assert(payload.size() <= kMaximumUdpPayload);
  Tins::IP ip(to_tins(spec.destination.address), to_tins(spec.source.address));
  ip.id(spec.identification);
  ip.ttl(spec.ttl);
  ip.tos(spec.tos);
  if (spec.dont_fragment) ip.flags(Tins::IP::DONT_FRAGMENT);
  Tins::EthernetII frame =
      Tins::EthernetII(to_tins(spec.destination_mac), to_tins(spec.source_mac)) / ip /
      Tins::UDP(spec.destination.port, spec.source.port);
  if (!payload.empty()) {
    frame /= Tins::RawPDU(payload.data(), static_cast<std::uint32_t>(payload.size()));
  }
  Bytes octets = frame.serialize();
  // libtins pads to the Ethernet minimum; the ROM's frames are judged without that padding.
  octets.resize(kHeadersSize + payload.size());
  // libtins always computes a checksum; the wire of some firmware carries none.
  if (spec.checksum == UdpChecksum::Zero) write_u16(octets, kUdpOffset + 6, 0);
  return octets;
}

void build_udp(const UdpSpec& spec, ByteView payload, Bytes& out) {
  out = build_udp(spec, payload);
}

Bytes build_arp(const Arp& arp, const MacAddress& link_destination) {
  Tins::ARP packet(to_tins(arp.target_address), to_tins(arp.sender_address),
                   to_tins(arp.target_mac), to_tins(arp.sender_mac));
  packet.opcode(static_cast<Tins::ARP::Flags>(arp.operation));
  Tins::EthernetII frame =
      Tins::EthernetII(to_tins(link_destination), to_tins(arp.sender_mac)) / packet;
  Bytes octets = frame.serialize();
  octets.resize(kEthernetHeaderSize + 28);
  return octets;
}

Bytes build_port_unreachable(const IpSpec& spec, ByteView quoted_datagram) {
  constexpr std::uint8_t kDestinationUnreachable = 3;
  constexpr std::uint8_t kPortUnreachable = 3;
  // Not libtins' ICMP: it writes an RFC 4884 length where RFC 792 has zeros.
  Bytes icmp{kDestinationUnreachable, kPortUnreachable, 0, 0, 0, 0, 0, 0};
  icmp.insert(icmp.end(), quoted_datagram.begin(), quoted_datagram.end());
  write_u16(icmp, 2, internet_checksum(icmp));

  Tins::IP ip(to_tins(spec.destination), to_tins(spec.source));
  ip.id(spec.identification);
  ip.ttl(spec.ttl);
  ip.tos(spec.tos);
  ip.protocol(kProtocolIcmp);
  Tins::EthernetII frame =
      Tins::EthernetII(to_tins(spec.destination_mac), to_tins(spec.source_mac)) / ip /
      Tins::RawPDU(icmp.data(), static_cast<std::uint32_t>(icmp.size()));
  Bytes octets = frame.serialize();
  octets.resize(kUdpOffset + icmp.size());
  return octets;
}

UdpTemplate::UdpTemplate(const UdpSpec& spec)
    : checksum_(spec.checksum), flow_{spec.destination_mac, spec.source, spec.destination} {
  UdpSpec blank = spec;
  blank.identification = 0;
  const Bytes built = build_udp(blank, {});
  std::ranges::copy(built, headers_.begin());
  // The sums leave out what changes from frame to frame: both lengths, the ident and the checksums
  // themselves.
  for (const std::size_t at : {kIpOffset + 2, kIpOffset + 10, kUdpOffset + 4, kUdpOffset + 6}) {
    write_u16(headers_, at, 0);
  }
  for (std::size_t i = kIpOffset; i < kIpOffset + 12; i += 2) same_sum_ += read_u16(headers_, i);
  add_up();
}

void UdpTemplate::add_up() {
  const auto halves = [](Ipv4Address address) {
    return (address.value >> 16U) + (address.value & 0xffffU);
  };
  const std::uint32_t addresses = halves(flow_.source.address) + halves(flow_.destination.address);
  ip_sum_ = same_sum_ + addresses;
  udp_sum_ = kProtocolUdp + addresses + flow_.source.port + flow_.destination.port;
}

void UdpTemplate::retarget(const Flow& flow) {
  flow_ = flow;
  std::ranges::copy(flow.destination_mac.octets, headers_.begin());
  constexpr std::size_t kSource = kIpOffset + 12;
  write_u16(headers_, kSource, static_cast<std::uint16_t>(flow.source.address.value >> 16U));
  write_u16(headers_, kSource + 2, static_cast<std::uint16_t>(flow.source.address.value));
  write_u16(headers_, kSource + 4,
            static_cast<std::uint16_t>(flow.destination.address.value >> 16U));
  write_u16(headers_, kSource + 6, static_cast<std::uint16_t>(flow.destination.address.value));
  write_u16(headers_, kUdpOffset, flow.source.port);
  write_u16(headers_, kUdpOffset + 2, flow.destination.port);
  add_up();
}

void UdpTemplate::build(std::uint16_t identification, ByteView head, ByteView body,
                        Bytes& out) const {
  const std::size_t payload_size = head.size() + body.size();
  assert(payload_size <= kMaximumUdpPayload);
  const auto udp_length = static_cast<std::uint16_t>(kUdpHeaderSize + payload_size);
  const auto ip_length = static_cast<std::uint16_t>(kIpv4HeaderSize + udp_length);
  // Not cleared before: a frame of its former length is not filled with zeros first.
  out.resize(kHeaders + payload_size);
  std::uint8_t* place = out.data();
  for (const ByteView piece : {ByteView(headers_), head, body}) {
    if (piece.empty()) continue;
    std::memcpy(place, piece.data(), piece.size());
    place += piece.size();
  }
  write_u16(out, kIpOffset + 2, ip_length);
  write_u16(out, kIpOffset + 4, identification);
  write_u16(out, kIpOffset + 10,
            internet_checksum({}, ip_sum_ + ip_length + std::uint32_t{identification}));
  write_u16(out, kUdpOffset + 4, udp_length);
  if (checksum_ == UdpChecksum::Zero) return;
  // The length counts twice: in the pseudo-header and in the header itself.
  const std::uint16_t sum =
      internet_checksum(ByteView(out).subspan(kHeaders), udp_sum_ + 2U * udp_length);
  // RFC 768: a computed zero is sent as all ones, because zero means "no checksum".
  write_u16(out, kUdpOffset + 6, sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace pxeproof::frames
