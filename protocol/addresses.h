#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof {

// An Ethernet address. Prints as 52:54:00:12:34:56.
struct MacAddress {
  std::array<std::uint8_t, 6> octets{};

  static MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  static std::optional<MacAddress> parse(std::string_view text);
  static std::optional<MacAddress> from(ByteView octets);
  bool is_broadcast() const { return *this == broadcast(); }
  bool is_group() const { return (octets[0] & 1U) != 0; }

  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
  // As two numbers: GCC 12 calls memcmp for an array of octets.
  friend bool operator==(const MacAddress& left, const MacAddress& right) {
    return left.first_four() == right.first_four() && left.last_two() == right.last_two();
  }

 private:
  std::uint32_t first_four() const {
    std::uint32_t value = 0;
    std::memcpy(&value, octets.data(), sizeof value);
    return value;
  }
  std::uint16_t last_two() const {
    std::uint16_t value = 0;
    std::memcpy(&value, octets.data() + 4, sizeof value);
    return value;
  }
};
std::string to_string(const MacAddress& mac);

// An IPv4 address in host order; 0 is the unspecified address.
struct Ipv4Address {
  std::uint32_t value = 0;

  static constexpr Ipv4Address of(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return {(std::uint32_t{a} << 24U) | (std::uint32_t{b} << 16U) | (std::uint32_t{c} << 8U) | d};
  }
  static constexpr Ipv4Address broadcast() { return {0xffffffffU}; }
  static std::optional<Ipv4Address> parse(std::string_view text);
  static std::optional<Ipv4Address> from(ByteView four_octets);
  std::array<std::uint8_t, 4> octets() const;
  bool is_unspecified() const { return value == 0; }
  bool is_broadcast() const { return value == 0xffffffffU; }
  bool is_multicast() const { return (value >> 28U) == 0xeU; }

  friend auto operator<=>(const Ipv4Address&, const Ipv4Address&) = default;
};
std::string to_string(Ipv4Address address);

// An address and a netmask, such as 192.168.178.2/24.
struct Subnet {
  Ipv4Address address;
  Ipv4Address netmask;

  bool contains(Ipv4Address other) const {
    return (other.value & netmask.value) == (address.value & netmask.value);
  }
  Ipv4Address network() const { return {address.value & netmask.value}; }
  Ipv4Address broadcast() const { return {address.value | ~netmask.value}; }

  friend auto operator<=>(const Subnet&, const Subnet&) = default;
};

// An IPv4 address and a UDP port in host order.
struct Endpoint {
  Ipv4Address address;
  std::uint16_t port = 0;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
std::string to_string(const Endpoint& endpoint);

// A client machine identifier (RFC 4578 s.2.3) in the octet order of the wire.
// Prints in that same order, as the firmware that echoes it does: 01234567-89ab-....
struct Guid {
  std::array<std::uint8_t, 16> octets{};

  static std::optional<Guid> parse(std::string_view text);
  bool is_zero() const { return *this == Guid{}; }

  friend auto operator<=>(const Guid&, const Guid&) = default;
};
std::string to_string(const Guid& guid);

}  // namespace pxeproof

template <>
struct std::hash<pxeproof::MacAddress> {
  std::size_t operator()(const pxeproof::MacAddress& mac) const noexcept;
};

template <>
struct std::hash<pxeproof::Ipv4Address> {
  std::size_t operator()(pxeproof::Ipv4Address address) const noexcept {
    return std::hash<std::uint32_t>{}(address.value);
  }
};

template <>
struct std::hash<pxeproof::Endpoint> {
  std::size_t operator()(const pxeproof::Endpoint& endpoint) const noexcept;
};
