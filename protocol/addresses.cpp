#include "protocol/addresses.h"

#include <fmt/compile.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace pxeproof {

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 2; i < text.size(); i += 3) {
    if (text[i] != ':' && text[i] != '-') return std::nullopt;
  }
  MacAddress mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto octet = from_hex(text.substr(i * 3, 2));
    if (!octet || octet->size() != 1) return std::nullopt;
    mac.octets[i] = octet->front();
  }
  return mac;
}

std::optional<MacAddress> MacAddress::from(ByteView octets) {
  if (octets.size() != 6) return std::nullopt;
  MacAddress mac;
  std::memcpy(mac.octets.data(), octets.data(), mac.octets.size());
  return mac;
}

std::string to_string(const MacAddress& mac) {
  // By hand: every line of a busy server's log has one.
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(17, ':');
  for (std::size_t at = 0; at < mac.octets.size(); ++at) {
    text[3 * at] = kDigits[mac.octets[at] >> 4U];
    text[3 * at + 1] = kDigits[mac.octets[at] & 0x0fU];
  }
  return text;
}

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  std::uint32_t value = 0;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    unsigned octet = 0;
    const auto [next, error] = std::from_chars(at, end, octet);
    if (error != std::errc{} || octet > 255) return std::nullopt;
    // "010" is eight to some readers and ten to others; inet_pton refuses it too.
    if (next - at > 1 && *at == '0') return std::nullopt;
    value = value << 8U | octet;
    at = next;
  }
  if (at != end) return std::nullopt;
  return Ipv4Address{value};
}

std::optional<Ipv4Address> Ipv4Address::from(ByteView four_octets) {
  if (four_octets.size() != 4) return std::nullopt;
  return of(four_octets[0], four_octets[1], four_octets[2], four_octets[3]);
}

std::array<std::uint8_t, 4> Ipv4Address::octets() const {
  return {static_cast<std::uint8_t>(value >> 24U), static_cast<std::uint8_t>(value >> 16U & 0xffU),
          static_cast<std::uint8_t>(value >> 8U & 0xffU), static_cast<std::uint8_t>(value & 0xffU)};
}

std::string to_string(Ipv4Address address) {
  const auto o = address.octets();
  return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), o[0], o[1], o[2], o[3]);
}

std::string to_string(const Endpoint& endpoint) {
  return fmt::format("{}:{}", to_string(endpoint.address), endpoint.port);
}

std::optional<Guid> Guid::parse(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != kForm.size()) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool hyphen = kForm[i] == '-';
    if (hyphen != (text[i] == '-')) return std::nullopt;
    if (!hyphen) digits.push_back(text[i]);
  }
  const auto octets = from_hex(digits);
  if (!octets || octets->size() != 16) return std::nullopt;
  Guid guid;
  std::ranges::copy(*octets, guid.octets.begin());
  return guid;
}

std::string to_string(const Guid& guid) {
  const std::string digits = to_hex(guid.octets);
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
                     digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

}  // namespace pxeproof

std::size_t std::hash<pxeproof::MacAddress>::operator()(
    const pxeproof::MacAddress& mac) const noexcept {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : mac.octets) value = value << 8U | octet;
  return std::hash<std::uint64_t>{}(value * 0x9e3779b97f4a7c15U);
}

std::size_t std::hash<pxeproof::Endpoint>::operator()(
    const pxeproof::Endpoint& endpoint) const noexcept {
  const std::uint64_t value = std::uint64_t{endpoint.address.value} << 16U | endpoint.port;
  return std::hash<std::uint64_t>{}(value * 0x9e3779b97f4a7c15U);
}
