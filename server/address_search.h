#pragma once

#include <optional>
#include <string_view>

#include "server/compiled_configuration.h"
#include "server/lease_pool.h"
#include "server/request.h"
#include "server/served_networks.h"

namespace pxeproof::server {

// What an address is hashed from: the hardware address; without one, as Firewire has it, the client
// identifier less its type octet.
std::string_view hashed_identity(const LeaseClient& client);

// Whether a pool of the request holds the address, and no router has it.
bool is_available(const Request& request, Ipv4Address address);

// The range of an address. A reserved address may lie outside every pool; it then belongs to a
// static range, or failing that to any range of its subnet.
// nullptr: it belongs to none.
const MatchedRange* range_of(const Request& request, Ipv4Address address);

// An address that nobody has, where dnsmasq looks for it: from a hash of the client's identity on.
// Offers that nobody took up give way when the pools are exhausted; nullopt when that is not
// enough.
std::optional<Ipv4Address> search_free_address(const CompiledConfiguration& configuration,
                                               LeasePool& pool, const Request& request,
                                               const LeaseClient& client);

}  // namespace pxeproof::server
