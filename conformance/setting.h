#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "conformance/case.h"
#include "protocol/addresses.h"

namespace pxeproof::conformance {

// The network in which cases run, and the server they try.
struct Setting {
  Subnet network{};  // all hosts of the cases are in it
  Ipv4Address server{};
  Ipv4Address second_server{};  // another address of the same server; 0: it has none
  Ipv4Address router{};         // the server's gateway, which a case may play
  Subnet routed_network{};      // behind the router, served too
  std::string root{};           // where the server's file system has the tree
  std::set<Need> abilities{};   // as probed, or claimed by the target
  enum class Time { Virtual, Real } time = Time::Real;
  std::uint64_t seed = 1;

  bool can(Need need) const { return abilities.contains(need); }
};

// The address of a case's host: the case's number and the host's.
struct HostNumber {
  std::size_t station = 0;
  std::size_t host = 0;
};
inline MacAddress host_mac(HostNumber number) {
  return {{0x02, 0x70, static_cast<std::uint8_t>(number.station >> 8U),
           static_cast<std::uint8_t>(number.station), 0x00,
           static_cast<std::uint8_t>(number.host)}};
}
inline Ipv4Address host_address(const Subnet& network, HostNumber number) {
  return {network.network().value +
          static_cast<std::uint32_t>(((number.station + 1) << 8U) + number.host + 1)};
}

}  // namespace pxeproof::conformance
