#include "trace/pseudonyms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "protocol/random.h"

namespace pxeproof::trace {

namespace {

bool is_word(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0; }

// The first octets of addresses that belong to nobody in public.
constexpr std::array<std::uint8_t, 6> kFirstOctets = {10, 172, 192, 100, 198, 203};

// The letters at the front that may be part of a host's name.
std::size_t host_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (is_word(text[length]) || text[length] == '-' || text[length] == '.')) {
    ++length;
  }
  return length;
}

struct Found {
  std::size_t length = 0;
  std::string replacement;
};

std::size_t hexadecimal_pattern(std::string_view text, char separator, std::size_t groups) {
  for (std::size_t group = 0; group < groups; ++group) {
    const std::size_t at = group * 3;
    if (text.size() < at + 2 || std::isxdigit(static_cast<unsigned char>(text[at])) == 0 ||
        std::isxdigit(static_cast<unsigned char>(text[at + 1])) == 0) {
      return 0;
    }
    if (group + 1 < groups && (text.size() <= at + 2 || text[at + 2] != separator)) return 0;
  }
  return groups * 3 - 1;
}

}  // namespace

MacAddress Pseudonyms::of(const MacAddress& mac) {
  if (mac.is_group() || mac == MacAddress{}) return mac;
  const auto known = macs_.find(mac);
  if (known != macs_.end()) return known->second;
  MacAddress other = mac;
  const auto number = static_cast<std::uint32_t>(macs_.size() + 1);
  other.octets[3] = static_cast<std::uint8_t>(number >> 16U);
  other.octets[4] = static_cast<std::uint8_t>(number >> 8U);
  other.octets[5] = static_cast<std::uint8_t>(number);
  macs_.emplace(mac, other);
  return other;
}

// Crypto-PAn's idea: each bit is flipped or not by what stands before it, so that two addresses
// share as long a prefix as they did.
Ipv4Address Pseudonyms::of(Ipv4Address address) {
  const auto octets = address.octets();
  if (octets[0] == 0 || octets[0] == 127 || octets[0] >= 224) return address;
  const auto [first, is_new] = first_octets_.try_emplace(octets[0]);
  if (is_new) {
    const std::size_t index = first_octets_.size() - 1;
    first->second = index < kFirstOctets.size()
                        ? kFirstOctets.at(index)
                        : static_cast<std::uint8_t>(11 + index - kFirstOctets.size());
  }
  std::uint32_t value = address.value;
  for (unsigned bit = 8; bit < 24; ++bit) {
    const std::uint32_t prefix = address.value >> (32 - bit);
    const Random random = Random(seed_).fork((std::uint64_t{bit} << 32U) | prefix);
    if ((Random(random).next() & 1U) != 0) value ^= 1U << (31 - bit);
  }
  return {(value & 0x00ffffffU) | (std::uint32_t{first->second} << 24U)};
}

Guid Pseudonyms::of(const Guid& guid) {
  const bool says_nothing =
      guid.is_zero() || std::ranges::all_of(guid.octets, [](auto octet) { return octet == 0xff; });
  if (says_nothing) return guid;
  const auto [known, is_new] = guids_.try_emplace(guid);
  if (is_new) {
    const auto number = static_cast<std::uint32_t>(guids_.size());
    for (unsigned octet = 0; octet < 4; ++octet) {
      known->second.octets.at(15 - octet) = static_cast<std::uint8_t>(number >> (8 * octet));
    }
  }
  return known->second;
}

std::string Pseudonyms::host(std::string_view name) {
  if (name.empty()) return {};
  const auto known = hosts_.find(name);
  if (known != hosts_.end()) return known->second;
  std::string other = fmt::format("host{}", hosts_.size() + 1);
  hosts_.emplace(std::string(name), other);
  return other;
}

std::string Pseudonyms::url_host(std::string_view host) {
  if (const auto address = Ipv4Address::parse(host)) return to_string(of(*address));
  return this->host(host);
}

std::string Pseudonyms::text(std::string_view text, Ipv4Address own_address) {
  std::string result;
  bool at_word = true;
  const std::string own = fmt::format("{:08X}", own_address.value);
  const std::string other_own = fmt::format("{:08X}", of(own_address).value);
  const auto find = [&](std::string_view rest) -> Found {
    if (const auto guid = Guid::parse(rest.substr(0, 36)); guid && rest.size() >= 36) {
      return {36, to_string(of(*guid))};
    }
    if (const std::size_t length = hexadecimal_pattern(rest, ':', 6); length > 0) {
      return {length, to_string(of(*MacAddress::parse(rest.substr(0, length))))};
    }
    // pxelinux puts the hardware type before the address.
    const std::size_t type = hexadecimal_pattern(rest, '-', 7) > 0 ? 3 : 0;
    if (const std::size_t length = hexadecimal_pattern(rest.substr(type), '-', 6); length > 0) {
      std::string mac = to_string(of(*MacAddress::parse([&] {
        std::string colons(rest.substr(type, length));
        std::ranges::replace(colons, '-', ':');
        return colons;
      }())));
      std::ranges::replace(mac, ':', '-');
      return {type + length, std::string(rest.substr(0, type)) + mac};
    }
    const std::size_t host = host_length(rest);
    std::size_t digits = 0;
    while (digits < rest.size() && digits < 15 &&
           (std::isdigit(static_cast<unsigned char>(rest[digits])) != 0 || rest[digits] == '.')) {
      ++digits;
    }
    if (const auto address = Ipv4Address::parse(rest.substr(0, digits))) {
      return {digits, to_string(of(*address))};
    }
    for (std::size_t length = host; length > 0; --length) {
      const auto known = hosts_.find(rest.substr(0, length));
      if (known != hosts_.end()) return {length, known->second};
    }
    std::size_t word = 0;
    while (word < rest.size() && is_word(rest[word])) ++word;
    // Shortened it stands alone behind a slash, or as GRUB has it, behind a dash.
    const bool is_searched = !result.empty() && (result.back() == '/' || result.back() == '-');
    // The texts of servers' errors go on behind the name: "file .../C0A8B2 not found".
    const bool ends_name = word == rest.size() ||
                           std::string_view(" \"',;:)").find(rest[word]) != std::string_view::npos;
    const bool is_own = !own_address.is_unspecified() && word > 0 &&
                        rest.substr(0, word) == own.substr(0, word) &&
                        (word == own.size() || (word < own.size() && is_searched && ends_name));
    if (is_own) return {word, other_own.substr(0, word)};
    return {};
  };
  while (!text.empty()) {
    if (text.starts_with("://")) {
      const std::size_t length = host_length(text.substr(3));
      result += "://" + url_host(text.substr(3, length));
      text.remove_prefix(3 + length);
      at_word = false;
      continue;
    }
    const Found found = at_word ? find(text) : Found{};
    if (found.length > 0) {
      result += found.replacement;
      text.remove_prefix(found.length);
      at_word = false;
      continue;
    }
    result += text.front();
    at_word = !is_word(text.front());
    text.remove_prefix(1);
  }
  return result;
}

}  // namespace pxeproof::trace
