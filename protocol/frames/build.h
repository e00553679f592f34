#pragma once

#include <array>
#include <cstdint>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::frames {

enum class UdpChecksum {
  Compute,
  Zero,  // "no checksum" (RFC 768): U-Boot sends so
};

// Everything about a UDP frame but its payload.
struct UdpSpec {
  MacAddress destination_mac{};
  MacAddress source_mac{};
  Endpoint source{};
  Endpoint destination{};
  std::uint16_t identification = 0;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  bool dont_fragment = false;
  UdpChecksum checksum = UdpChecksum::Compute;
};

// Builds the frame with libtins. No Ethernet padding is added. The frame replaces out, whose
// capacity is reused.
void build_udp(const UdpSpec& spec, ByteView payload, Bytes& out);
Bytes build_udp(const UdpSpec& spec, ByteView payload);

// An ARP frame to link_destination, sent by arp.sender_mac; built with libtins, 42 octets.
Bytes build_arp(const Arp& arp, const MacAddress& link_destination);

// The head of an IPv4 frame of another protocol than UDP.
struct IpSpec {
  MacAddress destination_mac{};
  MacAddress source_mac{};
  Ipv4Address source{};
  Ipv4Address destination{};
  std::uint16_t identification = 0;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
};

// An ICMP "port unreachable" (RFC 792) that quotes the datagram it is about, from its IP header on.
// The quote is the caller's to cut.
Bytes build_port_unreachable(const IpSpec& spec, ByteView quoted_datagram);

// Builds the frames of a host's flows: the first with libtins, later ones by patching addresses,
// lengths, ident and checksums of that frame. Equal to build_udp octet for octet
// (tests/protocol/frame_template_test.cpp).
class UdpTemplate {
 public:
  explicit UdpTemplate(const UdpSpec& spec);

  // Who the next frames go between.
  struct Flow {
    MacAddress destination_mac;
    Endpoint source;
    Endpoint destination;

    friend bool operator==(const Flow&, const Flow&) = default;
  };
  const Flow& flow() const { return flow_; }
  void retarget(const Flow& flow);

  // The frame with this ident and payload, into out.
  void build(std::uint16_t identification, ByteView payload, Bytes& out) const {
    build(identification, payload, {}, out);
  }

  // The same for a payload in two pieces.
  void build(std::uint16_t identification, ByteView head, ByteView body, Bytes& out) const;

 private:
  static constexpr std::size_t kHeaders = kEthernetHeaderSize + kIpv4HeaderSize + kUdpHeaderSize;
  void add_up();

  std::array<std::uint8_t, kHeaders> headers_{};
  std::uint32_t same_sum_ = 0;  // of the IP header's words that are the same for all flows
  std::uint32_t ip_sum_ = 0;
  std::uint32_t udp_sum_ = 0;
  UdpChecksum checksum_;
  Flow flow_;
};

}  // namespace pxeproof::frames
