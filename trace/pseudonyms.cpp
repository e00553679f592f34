#include "trace/pseudonyms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/letter_case.h"
#include "protocol/random.h"
#include "trace/boot_files.h"

namespace pxeproof::trace {

namespace {

// The first octets of addresses that belong to nobody in public.
constexpr std::array<std::uint8_t, 6> kFirstOctets = {10, 172, 192, 100, 198, 203};

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
  addresses_.insert(address);
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
  const auto [known, is_new] = hosts_.try_emplace(lower_case(name));
  if (is_new) known->second = fmt::format("host{}", hosts_.size());
  return known->second;
}

}  // namespace pxeproof::trace
