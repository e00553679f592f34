#include "simclient/fleet_plan.h"

#include <algorithm>
#include <span>

namespace pxeproof::rom {

namespace {

// Labels of the independent random streams.
constexpr std::uint64_t kPrefix = 1;
constexpr std::uint64_t kGuids = 2;
constexpr std::uint64_t kRoms = 3;

constexpr std::size_t kPrefixOctets = 3;
constexpr std::uint8_t kLocallyAdministered = 0x02;

}  // namespace

FleetNumbering::FleetNumbering(std::uint64_t seed) {
  Random(seed).fork(kPrefix).fill(std::span(prefix_.octets).first(kPrefixOctets));
  // Neither a group nor an address that a maker of cards has given out.
  prefix_.octets[0] = static_cast<std::uint8_t>((prefix_.octets[0] & 0xfcU) | kLocallyAdministered);
}

MacAddress FleetNumbering::mac(ClientIndex client) const {
  MacAddress mac = prefix_;
  mac.octets[3] = static_cast<std::uint8_t>(client >> 16U);
  mac.octets[4] = static_cast<std::uint8_t>(client >> 8U);
  mac.octets[5] = static_cast<std::uint8_t>(client);
  return mac;
}

std::optional<ClientIndex> FleetNumbering::client_of(const MacAddress& mac) const {
  return client_of(ByteView(mac.octets));
}

std::optional<ClientIndex> FleetNumbering::client_of(ByteView six_octets) const {
  if (!std::equal(prefix_.octets.begin(), prefix_.octets.begin() + kPrefixOctets,
                  six_octets.begin())) {
    return std::nullopt;
  }
  return (ClientIndex{six_octets[3]} << 16U) | (ClientIndex{six_octets[4]} << 8U) | six_octets[5];
}

Guid guid_of(std::uint64_t seed, ClientIndex client) {
  Guid guid;
  Random(seed).fork(kGuids).fork(client).fill(guid.octets);
  guid.octets[6] = static_cast<std::uint8_t>((guid.octets[6] & 0x0fU) | 0x40U);
  guid.octets[8] = static_cast<std::uint8_t>((guid.octets[8] & 0x3fU) | 0x80U);
  return guid;
}

std::uint64_t rom_seed(std::uint64_t seed, ClientIndex client) {
  return Random(seed).fork(kRoms).fork(client).next();
}

}  // namespace pxeproof::rom
