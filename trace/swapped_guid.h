#pragma once

#include "protocol/addresses.h"

namespace pxeproof::trace {

// The first three fields in the other order of octets: machines send it, and programs write it, in
// either (PXE 2.1 s.3.2.4, SMBIOS 2.6).
Guid swapped(Guid guid);

}  // namespace pxeproof::trace
