#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "server/argument.h"
#include "server/configuration.h"

namespace pxeproof::server {

// A number of decimal digits only; dnsmasq reads no digits at all as 0. nullopt for any other octet
// and above maximum.
std::optional<std::uint32_t> parse_decimal(std::string_view text,
                                           std::uint32_t maximum = 0xffffffff);

// The same as a judgement, with the name of the number in the complaint.
Result<std::uint32_t, Complaint> require_decimal(const Argument& argument, std::string_view meaning,
                                                 std::uint32_t maximum = 0xffffffff);

// Four decimal numbers without leading zeros, as inet_pton takes them; unprotected octets only.
std::optional<Ipv4Address> parse_address(std::string_view text);
Result<Ipv4Address, Complaint> require_address(const Argument& argument, std::string_view meaning);

// An IPv6 address in any of its spellings. Only recognised, never used: network boot here is IPv4.
bool is_ipv6_address(std::string_view text);

// Contiguous ones, then zeros.
bool is_netmask(Ipv4Address mask);

// "3600", "45m", "12h", "2w"; no digits count as 0.
std::optional<std::uint32_t> parse_seconds(std::string_view text);

// The same as a time for leases: never under two minutes, "infinite" allowed, and empty for none.
struct LeaseTime {
  std::optional<std::chrono::seconds> duration{};
  bool infinite = false;
};
std::optional<LeaseTime> parse_lease_time(std::string_view text);

// Octets in hexadecimal between ':', '-' or blanks, "*" for any octet, and before the first octet a
// hardware type with '-' behind it, if the place allows one.
struct HexOctets {
  Bytes octets{};
  std::vector<bool> wildcard{};
  std::optional<std::uint8_t> hardware_type{};
};
enum class HardwareType { Allowed, Foreign };
std::optional<HexOctets> parse_hex_octets(std::string_view text, HardwareType hardware_type,
                                          std::size_t maximum);

// The condition behind "tag:": "!x" and the older "#x" are negations.
TagCondition tag_condition(std::string_view text);

// "tag:" or the older "net:".
bool is_tag_condition(const Argument& argument);

// Takes the leading "tag:x," fields off an argument. A complaint when nothing is left behind them.
Result<std::vector<TagCondition>, Complaint> take_tag_conditions(Argument& argument);

// The name behind "set:", or the whole text where the prefix may be left out.
std::string set_tag_name(const Argument& argument);

// What a host or domain name may be: 1 to 63 letters, digits, '-' and '_' between dots, beginning
// with a letter or digit.
bool is_host_name(std::string_view text);

}  // namespace pxeproof::server
