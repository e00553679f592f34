#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/result.h"

namespace pxeproof::frames {

inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::size_t kEthernetHeaderSize = 14;
inline constexpr std::size_t kIpv4HeaderSize = 20;  // without IP options
inline constexpr std::size_t kUdpHeaderSize = 8;
inline constexpr std::size_t kMaximumUdpPayload = 65507;  // what an IPv4 total length can say

// Why raw octets are not what they claim to be.
enum class Fault {
  TooShort,         // no whole Ethernet header
  ForeignType,      // neither ARP nor IPv4
  BadArp,           // not Ethernet/IPv4 ARP, or cut
  BadIpHeader,      // version, header length or total length wrong
  IpTruncated,      // total length says more than there is
  IpChecksum,       // RFC 791
  Fragment,         // not the whole datagram
  ForeignProtocol,  // not UDP
  UdpTruncated,     // length field says more than there is, or less than 8
  UdpChecksum,      // RFC 768; a zero checksum means none and is fine
};
std::string_view to_string(Fault fault);

struct InspectError {
  Fault fault;
  std::size_t offset;  // octets from the start of the frame

  friend bool operator==(const InspectError&, const InspectError&) = default;
};

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  std::uint16_t type = 0;             // behind a VLAN tag, if any
  std::optional<std::uint16_t> vlan;  // 802.1Q identifier
  std::size_t payload_offset = 0;
};
Result<EthernetHeader, InspectError> inspect_ethernet(ByteView frame);

// RFC 826, Ethernet and IPv4 only.
struct Arp {
  std::uint16_t operation = 0;  // 1 request, 2 reply
  MacAddress sender_mac;
  Ipv4Address sender_address;
  MacAddress target_mac;
  Ipv4Address target_address;

  friend bool operator==(const Arp&, const Arp&) = default;
};
inline constexpr std::uint16_t kArpRequest = 1;
inline constexpr std::uint16_t kArpReply = 2;

// A UDP datagram as it lies in a frame; the payload points into it.
struct Udp {
  EthernetHeader ethernet;
  std::uint8_t tos = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  std::uint8_t ttl = 0;
  std::uint16_t checksum = 0;  // 0: none
  Endpoint source;
  Endpoint destination;
  ByteView payload;
};

enum class ChecksumPolicy {
  Verify,  // a wrong UDP checksum is a fault
  Ignore,  // for captures taken on the sending host, where the card would have filled it in
};

// Every check above, in the order of the layers. Octets behind the IP datagram (Ethernet padding)
// are allowed.
Result<Udp, InspectError> inspect_udp(ByteView frame,
                                      ChecksumPolicy policy = ChecksumPolicy::Verify);
Result<Arp, InspectError> inspect_arp(ByteView frame);

// RFC 1071 over octets, starting from a partial sum; the complement is what the wire carries.
std::uint16_t internet_checksum(ByteView octets, std::uint32_t initial = 0);

}  // namespace pxeproof::frames
