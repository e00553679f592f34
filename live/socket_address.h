#pragma once

#include <netinet/in.h>

#include <cstdint>

#include "protocol/addresses.h"

namespace pxeproof::live {

// Between our addresses, in host order, and the kernel's structures, in network order.
sockaddr_in to_kernel(const Endpoint& endpoint);
in_addr to_kernel(Ipv4Address address);
Endpoint from_kernel(const sockaddr_in& address);
Ipv4Address from_kernel(in_addr address);

// An Ethernet type as packet sockets take it.
std::uint16_t to_network_order(std::uint16_t value);

}  // namespace pxeproof::live
