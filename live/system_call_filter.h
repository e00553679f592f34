#pragma once

#include <cstdint>

#include "live/system_error.h"

namespace pxeproof::live {

// From now on this process makes only the system calls that a server with open sockets needs
// (seccomp): any other fails with EPERM, and memory can no longer be made executable. Threads that
// it starts are held by it too.
enum class Needs : std::uint8_t {
  Datagrams,
  TcpServer,  // it is still to listen, and starts threads
};
SystemResult<void> forbid_other_system_calls(Needs needs);

}  // namespace pxeproof::live
