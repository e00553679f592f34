#include "trace/link_layer.h"

#include <algorithm>
#include <optional>

#include "protocol/frames/inspect.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kAddressesSize = 12;  // destination and source
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeQinQ = 0x88a8;     // IEEE 802.1ad
constexpr std::uint16_t kEtherTypeOldQinQ = 0x9100;  // before the standard
constexpr std::size_t kCookedHeaderSize = 16;
constexpr std::size_t kCooked2HeaderSize = 20;
constexpr std::size_t kFamilyHeaderSize = 4;

constexpr std::array<std::uint8_t, 6> kNobody{};
constexpr std::array<std::uint8_t, 6> kEverybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

std::uint16_t number_at(ByteView octets, std::size_t offset) {
  return static_cast<std::uint16_t>((octets[offset] << 8U) | octets[offset + 1]);
}

bool is_vlan(std::uint16_t ether_type) {
  return ether_type == frames::kEtherTypeVlan || ether_type == kEtherTypeQinQ ||
         ether_type == kEtherTypeOldQinQ;
}

}  // namespace

std::string to_string(LinkType type) {
  switch (type) {
    case LinkType::Null:
    case LinkType::Loop:
      return "BSD loopback";
    case LinkType::Ethernet:
      return "Ethernet";
    case LinkType::Raw:
    case LinkType::Ipv4:
    case LinkType::Ipv6:
      return "raw IP";
    case LinkType::LinuxCooked:
      return "Linux cooked v1";
    case LinkType::LinuxCooked2:
      return "Linux cooked v2";
  }
  return "link type " + std::to_string(static_cast<unsigned>(type));
}

bool is_known(LinkType type) {
  switch (type) {
    case LinkType::Null:
    case LinkType::Ethernet:
    case LinkType::Raw:
    case LinkType::Loop:
    case LinkType::LinuxCooked:
    case LinkType::Ipv4:
    case LinkType::Ipv6:
    case LinkType::LinuxCooked2:
      return true;
  }
  return false;
}

bool is_tagged(ByteView frame) {
  return frame.size() >= frames::kEthernetHeaderSize && is_vlan(number_at(frame, kAddressesSize));
}

void LinkLayer::begin_frame(ByteView destination, ByteView source) {
  frame_.assign(destination.begin(), destination.end());
  frame_.insert(frame_.end(), source.begin(), source.end());
}

EthernetView LinkLayer::view(ByteView ethernet, std::size_t original_size) const {
  return {ethernet, vlans_, original_size > ethernet.size() ? original_size - ethernet.size() : 0};
}

EthernetView LinkLayer::with_payload(std::uint16_t ether_type, ByteView payload,
                                     std::size_t original_size) {
  // A tag may stand inside: the kernel puts it there when it hands a tagged frame to "any".
  std::size_t tags = 0;
  while (is_vlan(ether_type) && payload.size() >= 4) {
    if (vlans_.count < vlans_.ids.size()) vlans_.ids[vlans_.count] = number_at(payload, 0) & 0xfffU;
    ++vlans_.count;
    ++tags;
    ether_type = number_at(payload, 2);
    payload = payload.subspan(4);
  }
  ByteWriter writer(frame_);
  writer.u16(ether_type);
  writer.bytes(payload);
  const std::size_t removed = 4 * tags;
  return view(frame_, original_size > removed ? original_size - removed : 0);
}

EthernetView LinkLayer::from_ethernet(ByteView frame, std::size_t original_size) {
  if (frame.size() < frames::kEthernetHeaderSize) return {};
  if (!is_tagged(frame)) return view(frame, original_size);
  const std::uint16_t ether_type = number_at(frame, kAddressesSize);
  frame_.assign(frame.begin(), frame.begin() + kAddressesSize);
  return with_payload(ether_type, frame.subspan(frames::kEthernetHeaderSize), original_size);
}

//  v1: packet type 2, ARPHRD 2, address length 2, address 8, protocol 2
//  v2: protocol 2, reserved 2, interface 4, ARPHRD 2, packet type 1, address length 1, address 8
EthernetView LinkLayer::from_cooked(LinkType type, ByteView frame, std::size_t original_size) {
  const bool first_version = type == LinkType::LinuxCooked;
  const std::size_t header = first_version ? kCookedHeaderSize : kCooked2HeaderSize;
  if (frame.size() < header) return {};
  const unsigned packet_type = first_version ? number_at(frame, 0) : frame[10];
  const unsigned address_size = first_version ? number_at(frame, 4) : frame[11];
  const std::uint16_t protocol = number_at(frame, first_version ? 14 : 0);
  constexpr unsigned kBroadcast = 1;
  const ByteView source =
      address_size == 6 ? frame.subspan(first_version ? 6 : 12, 6) : ByteView(kNobody);
  begin_frame(packet_type == kBroadcast ? ByteView(kEverybody) : ByteView(kNobody), source);
  return with_payload(protocol, frame.subspan(header),
                      original_size - header + frames::kEthernetHeaderSize);
}

EthernetView LinkLayer::from_internet(ByteView datagram, std::size_t original_size) {
  if (datagram.empty()) return {};
  const unsigned version = datagram[0] >> 4U;
  if (version != 4 && version != 6) return {};
  const std::uint16_t ether_type = version == 4 ? frames::kEtherTypeIpv4 : kEtherTypeIpv6;
  begin_frame(kNobody, kNobody);
  return with_payload(ether_type, datagram, original_size + frames::kEthernetHeaderSize);
}

EthernetView LinkLayer::as_ethernet(LinkType type, ByteView frame, std::size_t original_size) {
  vlans_ = {};
  original_size = std::max(original_size, frame.size());
  switch (type) {
    case LinkType::Ethernet:
      return from_ethernet(frame, original_size);
    case LinkType::LinuxCooked:
    case LinkType::LinuxCooked2:
      return from_cooked(type, frame, original_size);
    case LinkType::Raw:
    case LinkType::Ipv4:
    case LinkType::Ipv6:
      return from_internet(frame, original_size);
    case LinkType::Null:
    case LinkType::Loop:
      // The family's number for IPv6 differs between systems; the datagram's version does not.
      if (frame.size() < kFamilyHeaderSize) return {};
      return from_internet(frame.subspan(kFamilyHeaderSize), original_size - kFamilyHeaderSize);
  }
  return {};
}

}  // namespace pxeproof::trace
