#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "trace/pseudonyms.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

// Rewrites frames of boots so that they tell nothing of the network they come from, and the same of
// the boot: names are replaced consistently (trace/pseudonyms.h) in every header, in ARP, inside
// DHCP options, in quoted packets and in file names; lengths and checksums are right again. File
// content, and whatever is not understood, is left out: those octets are missing at the frame's
// end.
class Anonymizer {
 public:
  explicit Anonymizer(std::uint64_t seed) : names_(seed) {}

  struct Frame {
    Bytes octets;
    std::uint32_t original_size = 0;  // with what was left out
  };
  // An untagged Ethernet frame, which its capture may have cut short. nullopt for frames that are
  // neither IPv4 nor ARP.
  std::optional<Frame> rewrite(ByteView frame);

  MacAddress name_of(const MacAddress& mac) { return names_.of(mac); }
  Ipv4Address name_of(Ipv4Address address) { return names_.of(address); }

  // What is told of a machine that has this address.
  std::string text(std::string_view text, Ipv4Address own_address) {
    return names_.text(text, own_address);
  }

 private:
  // The part behind the IP header, and how many octets of it stay in the file.
  struct Content {
    Bytes octets;
    std::size_t kept = 0;
    bool is_whole = true;  // the octets are all there, so that a checksum can be computed
  };

  std::optional<Frame> rewrite_arp(ByteView frame);
  std::optional<Frame> rewrite_ipv4(ByteView frame);
  Content rewrite_udp(const SeenPacket& packet, ByteView segment);
  Content rewrite_icmp(ByteView segment);
  Content rewrite_tcp(ByteView segment, Ipv4Address client);
  Bytes rewrite_payload(const SeenPacket& packet, std::size_t& kept);
  std::optional<Bytes> rewrite_tftp(const SeenPacket& packet, std::size_t& kept);
  std::optional<Bytes> rewrite_dhcp(ByteView payload);
  void write_ethernet(ByteView frame, Bytes& out);

  Pseudonyms names_;
};

// Rewrites a DHCP message in the same way; nullopt for octets that are none. Options whose meaning
// is not known, and those that a relay or a site made up, become zeros of the same length.
std::optional<Bytes> anonymize_dhcp(ByteView message, Pseudonyms& names);

}  // namespace pxeproof::trace
