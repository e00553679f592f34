#pragma once

#include <string>
#include <vector>

#include "live/system_error.h"
#include "protocol/datagram_service.h"
#include "protocol/time.h"

namespace pxeproof::cli {

// Another server that answered on a network.
struct SeenDhcpServer {
  Ipv4Address address;
  enum class Kind { Leases, Proxy } kind = Kind::Leases;

  friend bool operator==(const SeenDhcpServer&, const SeenDhcpServer&) = default;
};

// The machine that asks, which does not exist: the interface's own address, marked as locally
// administered.
MacAddress probing_address(const MacAddress& mac);

// Asks once as a PXE client would (a DISCOVER that nobody follows up) and listens for a moment.
// Needs CAP_NET_RAW.
live::SystemResult<std::vector<SeenDhcpServer>> probe_dhcp(const NetworkInterface& interface,
                                                           std::uint64_t seed, Duration patience);

// "DHCP server seen: 10.0.0.1 (leases)   other proxy: none".
std::string describe(const std::vector<SeenDhcpServer>& servers);

}  // namespace pxeproof::cli
