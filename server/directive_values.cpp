#include "server/directive_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pxeproof::server {

namespace {

bool is_digit(char octet) { return octet >= '0' && octet <= '9'; }

bool is_hex_digit(char octet) {
  return is_digit(octet) || (octet >= 'a' && octet <= 'f') || (octet >= 'A' && octet <= 'F');
}

bool is_letter(char octet) {
  return (octet >= 'a' && octet <= 'z') || (octet >= 'A' && octet <= 'Z');
}

std::uint8_t hex_octet(std::string_view digits) {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return static_cast<std::uint8_t>(value);
}

// Appends the octets of one group; false when a digit is missing or foreign. "abc" is ab, c.
bool append_group(std::string_view group, HexOctets& out) {
  if (group == "*") {
    out.octets.push_back(0);
    out.wildcard.push_back(true);
    return true;
  }
  if (!std::ranges::all_of(group, is_hex_digit)) return false;
  for (std::size_t at = 0; at < group.size(); at += 2) {
    out.octets.push_back(hex_octet(group.substr(at, 2)));
    out.wildcard.push_back(false);
  }
  return true;
}

// The factor of a unit of time; 0 for any other octet.
std::uint32_t seconds_of_unit(char unit) {
  switch (unit) {
    case 's':
    case 'S':
      return 1;
    case 'm':
    case 'M':
      return 60;
    case 'h':
    case 'H':
      return 60 * 60;
    case 'd':
    case 'D':
      return 24 * 60 * 60;
    case 'w':
    case 'W':
      return 7 * 24 * 60 * 60;
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t maximum) {
  if (!std::ranges::all_of(text, is_digit)) return std::nullopt;
  if (text.empty()) return 0;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value > maximum) return std::nullopt;
  return value;
}

Result<std::uint32_t, Complaint> require_decimal(const Argument& argument, std::string_view meaning,
                                                 std::uint32_t maximum) {
  if (const auto value = parse_decimal(argument.text(), maximum)) return *value;
  return refuse(fmt::format("\"{}\" is no {}", printable(argument.text()), meaning),
                fmt::format("give a whole number from 0 to {}", maximum));
}

std::optional<Ipv4Address> parse_address(std::string_view text) {
  // inet_pton takes no leading zeros: elsewhere they mean octal numbers.
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    const bool begins = at == 0 || text[at - 1] == '.';
    if (begins && text[at] == '0' && is_digit(text[at + 1])) return std::nullopt;
  }
  return Ipv4Address::parse(text);
}

Result<Ipv4Address, Complaint> require_address(const Argument& argument, std::string_view meaning) {
  if (const auto address = parse_address(argument.syntax())) return *address;
  return refuse(fmt::format("\"{}\" is no {}", printable(argument.text()), meaning),
                "give an IPv4 address such as 192.168.1.10, without quotes");
}

bool is_ipv6_address(std::string_view text) {
  const std::size_t percent = text.find('%');  // a scope: fe80::1%eth0
  text = text.substr(0, percent);
  int groups = 0;
  bool compressed = false;
  std::size_t at = 0;
  if (text.starts_with("::")) {
    compressed = true;
    at = 2;
  } else if (text.starts_with(':') || text.empty()) {
    return false;
  }
  while (at < text.size()) {
    std::size_t end = at;
    while (end < text.size() && is_hex_digit(text[end])) ++end;
    if (end < text.size() && text[end] == '.') {  // ends in dotted decimal
      if (!parse_address(text.substr(at))) return false;
      groups += 2;
      at = text.size();
      break;
    }
    if (end == at || end - at > 4) return false;
    ++groups;
    at = end;
    if (at == text.size()) break;
    if (text[at] != ':') return false;
    ++at;
    if (at < text.size() && text[at] == ':') {
      if (compressed) return false;
      compressed = true;
      ++at;
    } else if (at == text.size()) {
      return false;
    }
  }
  return compressed ? groups < 8 : groups == 8;
}

bool is_netmask(Ipv4Address mask) {
  const std::uint32_t zeros = ~mask.value;
  return (zeros & (zeros + 1)) == 0;
}

std::optional<std::uint32_t> parse_seconds(std::string_view text) {
  std::uint32_t factor = text.empty() ? 0 : seconds_of_unit(text.back());
  if (factor != 0) text.remove_suffix(1);
  factor = std::max(factor, 1U);
  const auto count = parse_decimal(text, 0xfffffffeU / factor);
  if (!count) return std::nullopt;
  return *count * factor;
}

std::optional<LeaseTime> parse_lease_time(std::string_view text) {
  if (text == "infinite") return LeaseTime{.duration = std::nullopt, .infinite = true};
  if (text.empty()) return LeaseTime{};
  const auto seconds = parse_seconds(text);
  if (!seconds) return std::nullopt;
  // Leases of a minute or less confuse some clients: dnsmasq gives no less than two minutes.
  return LeaseTime{.duration = std::chrono::seconds(std::max(*seconds, 120U)), .infinite = false};
}

std::optional<HexOctets> parse_hex_octets(std::string_view text, HardwareType hardware_type,
                                          std::size_t maximum) {
  HexOctets result;
  std::size_t at = 0;
  while (at <= text.size()) {
    const std::size_t end = std::min(text.find_first_of(":- ", at), text.size());
    const std::string_view group = text.substr(at, end - at);
    const bool names_type = hardware_type == HardwareType::Allowed && !result.hardware_type &&
                            result.octets.empty() && !group.empty() && end < text.size() &&
                            text[end] == '-';
    if (names_type) {
      if (group.size() > 2 || !std::ranges::all_of(group, is_hex_digit)) return std::nullopt;
      result.hardware_type = hex_octet(group);
    } else if (!append_group(group, result) || result.octets.size() > maximum) {
      return std::nullopt;
    }
    at = end + 1;
  }
  return result;
}

TagCondition tag_condition(std::string_view text) {
  const bool negated = text.starts_with('!') || text.starts_with('#');
  return {.name = std::string(text.substr(negated ? 1 : 0)), .negated = negated};
}

bool is_tag_condition(const Argument& argument) {
  return argument.begins_with("tag:") || argument.begins_with("net:");
}

Result<std::vector<TagCondition>, Complaint> take_tag_conditions(Argument& argument) {
  std::vector<TagCondition> conditions;
  while (is_tag_condition(argument)) {
    std::optional<Argument> rest = argument.cut();
    if (!rest) {
      return refuse(fmt::format("nothing follows \"{}\"", printable(argument.text())),
                    "write a comma and the value behind the last tag");
    }
    conditions.push_back(tag_condition(argument.from(4).text()));
    argument = *std::move(rest);
  }
  return conditions;
}

std::string set_tag_name(const Argument& argument) {
  return argument.begins_with("set:") ? argument.from(4).text() : argument.text();
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  if (text.ends_with('.')) text.remove_suffix(1);
  std::size_t label = 0;
  for (const char octet : text) {
    if (octet == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    const bool plain = is_letter(octet) || is_digit(octet);
    if (!plain && (label == 0 || (octet != '-' && octet != '_'))) return false;
    if (++label > 63) return false;
  }
  return label > 0;
}

}  // namespace pxeproof::server
