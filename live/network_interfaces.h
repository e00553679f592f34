#pragma once

#include <vector>

#include "live/system_error.h"
#include "protocol/datagram_service.h"

namespace pxeproof::live {

// The interfaces of this network namespace that are up, in the kernel's order. The loopback
// interface has an all-zero MAC address.
SystemResult<std::vector<NetworkInterface>> list_network_interfaces();

}  // namespace pxeproof::live
