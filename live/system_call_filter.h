#pragma once

#include "live/system_error.h"

namespace pxeproof::live {

// From now on this process makes only the system calls that a server with open sockets needs
// (seccomp): any other fails with EPERM, and memory can no longer be made executable.
SystemResult<void> forbid_other_system_calls();

}  // namespace pxeproof::live
