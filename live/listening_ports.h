#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace pxeproof::live {

// Whether UDP sockets are bound to all these ports in the network namespace of a process: a server
// that was just started is ready then. Nothing is sent.
bool listens_on(pid_t pid, const std::vector<std::uint16_t>& ports);

}  // namespace pxeproof::live
