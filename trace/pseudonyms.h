#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
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
  // "host1", "host2", ... by first use; case does not count (RFC 1034 s.3.1).
  std::string host(std::string_view name);

  // A text with every name in it replaced: addresses with dots, dashes or underscores, padded
  // with zeros or not, MAC addresses however they are written, GUIDs, hexadecimal addresses (that
  // of the machine also shortened, at the end of a name), addresses as one number, host names and
  // the beginnings of addresses that were seen before, the host and user of a URL, and the values
  // in its query, by others of the same length.
  std::string text(std::string_view text, Ipv4Address own_address);

 private:
  // What stands at one place of a text, and what shall stand there.
  struct Found {
    std::size_t length = 0;
    std::string replacement;
  };
  enum class Place { WordBegins, InsideWord };

  // What a place of a text is told by.
  struct Surroundings {
    Place place = Place::WordBegins;
    char before = 0;  // the letter in front
    Ipv4Address own_address{};
  };

  std::optional<Found> find(std::string_view rest, const Surroundings& here);
  std::optional<Found> find_name(std::string_view rest, Place place) const;
  std::optional<Found> find_guid(std::string_view rest);
  std::optional<Found> find_mac(std::string_view rest, Place place);
  std::optional<Found> find_address(std::string_view rest, Place place);
  std::optional<Found> find_hexadecimal_address(std::string_view rest, Ipv4Address own_address,
                                                char before);
  std::optional<Found> find_network(std::string_view rest, char before);
  std::optional<Found> find_number(std::string_view rest, Ipv4Address own_address);
  Found url_authority(std::string_view rest);
  Found url_query(std::string_view rest, Ipv4Address own_address);
  std::string query_value(std::string_view value, Ipv4Address own_address);

  std::uint64_t seed_;
  std::set<Ipv4Address> addresses_;  // that were given another
  std::map<MacAddress, MacAddress> macs_;
  std::map<std::uint8_t, std::uint8_t> first_octets_;
  std::map<Guid, Guid> guids_;
  std::map<std::string, std::string, std::less<>> hosts_;  // by the name in lower case
  std::map<std::string, std::string, std::less<>> query_values_;
  std::map<std::size_t, std::size_t> query_values_of_length_;
};

}  // namespace pxeproof::trace
