#pragma once

#include <cstdint>
#include <optional>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::trace {

// What the headers below UDP tell of a sender; fingerprints and rules look at them.
struct PacketFacts {
  MacAddress link_source;
  MacAddress link_destination;
  std::uint8_t ttl = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool has_checksum = true;     // UDP only: 0 means none (RFC 768)
  std::uint32_t interface = 0;  // of the capture

  friend bool operator==(const PacketFacts&, const PacketFacts&) = default;
};

// One IPv4 packet as a capture shows it. Unlike frames::inspect_udp this judges nothing: a snap
// length, a checksum left to the card and a fragment are properties here, not faults. The payload
// points into the frame.
struct SeenPacket {
  PacketFacts facts;
  Endpoint source;  // the ports are 0 for protocols without any, and in later fragments
  Endpoint destination;
  std::uint8_t protocol = 0;
  std::uint8_t tcp_flags = 0;  // RFC 9293 s.3.1
  std::uint32_t tcp_sequence = 0;
  std::uint32_t tcp_acknowledgement = 0;
  bool is_fragment = false;      // any piece of a datagram that came in pieces
  bool is_first_piece = true;    // false: a later fragment, its payload is not a header's
  std::size_t payload_size = 0;  // octets of this packet on the wire, behind the UDP header
  ByteView payload;              // as many of them as were captured

  bool is_cut() const { return payload.size() < payload_size; }
};

// Reads Ethernet with up to two VLAN tags, IPv4, and UDP, TCP (the payload begins behind its
// header) or ICMP (it begins with the type). nullopt for everything else and for headers that
// contradict themselves or are not there.
std::optional<SeenPacket> see_packet(ByteView frame);

}  // namespace pxeproof::trace
