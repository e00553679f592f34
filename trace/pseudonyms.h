#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "protocol/addresses.h"

namespace pxeproof::trace {

// Gives each name of a capture another one, always the same for the same.
//
// MAC addresses keep their vendor's half: fingerprints look at it. IPv4 addresses keep their last
// octet and, among each other, every common prefix: what was one subnet stays one, under any mask.
class Pseudonyms {
 public:
  explicit Pseudonyms(std::uint64_t seed) : seed_(seed) {}

  // Group addresses and zero stay.
  MacAddress of(const MacAddress& mac);
  // Masks, loopback, multicast, broadcast and zero stay.
  Ipv4Address of(Ipv4Address address);
  // Zero and all ones stay.
  Guid of(const Guid& guid);
  // "host1", "host2", ... by first use.
  std::string host(std::string_view name);

  // A text with every name in it replaced: addresses, MAC addresses with colons or dashes, GUIDs,
  // the hexadecimal address of the machine (whole or shortened, at the end of a name), host names
  // that were seen before, and the host of a URL.
  std::string text(std::string_view text, Ipv4Address own_address);

 private:
  std::string url_host(std::string_view host);

  std::uint64_t seed_;
  std::map<MacAddress, MacAddress> macs_;
  std::map<std::uint8_t, std::uint8_t> first_octets_;
  std::map<Guid, Guid> guids_;
  std::map<std::string, std::string, std::less<>> hosts_;
};

}  // namespace pxeproof::trace
