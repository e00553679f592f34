#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// What the frames of a capture begin with: the numbers of capture files (LINKTYPE_ values of the
// pcap and pcapng formats).
enum class LinkType : std::uint16_t {
  Null = 0,  // BSD loopback: an address family in the byte order of the capturing machine
  Ethernet = 1,
  Raw = 101,          // IPv4 or IPv6, by its version
  Loop = 108,         // OpenBSD loopback: an address family in network order
  LinuxCooked = 113,  // "any" device of Linux
  Ipv4 = 228,
  Ipv6 = 229,
  LinuxCooked2 = 276,
};

// "Ethernet", "Linux cooked v2", ...; "link type 105" for one that is not known here.
std::string to_string(LinkType type);

// Whether frames of this type can carry a boot that we can read.
bool is_known(LinkType type);

// The VLAN identifiers that stood before a frame's type, the outermost first; more than two tags
// are counted, not kept.
struct VlanTags {
  std::array<std::uint16_t, 2> ids{};
  std::size_t count = 0;

  friend bool operator==(const VlanTags&, const VlanTags&) = default;
};

// A frame as decoders want it: an untagged Ethernet frame.
struct EthernetView {
  ByteView octets;  // empty when the frame holds nothing that decoders know
  VlanTags vlans;
  std::size_t missing = 0;  // octets at its end that the capture cut off
};

// Whether an Ethernet frame begins with a VLAN tag.
bool is_tagged(ByteView frame);

// Turns captured frames into Ethernet: VLAN and QinQ tags are taken off, other link layers get an
// Ethernet header; addresses that the capture does not hold are zero.
class LinkLayer {
 public:
  // The result points into the frame or into this object, until the next call.
  EthernetView as_ethernet(LinkType type, ByteView frame, std::size_t original_size);

 private:
  void begin_frame(ByteView destination, ByteView source);
  EthernetView from_ethernet(ByteView frame, std::size_t original_size);
  EthernetView from_cooked(LinkType type, ByteView frame, std::size_t original_size);
  EthernetView from_internet(ByteView datagram, std::size_t original_size);
  EthernetView with_payload(std::uint16_t ether_type, ByteView payload, std::size_t original_size);
  EthernetView view(ByteView ethernet, std::size_t original_size) const;

  Bytes frame_;
  VlanTags vlans_;
};

}  // namespace pxeproof::trace
