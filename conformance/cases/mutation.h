#pragma once

#include "protocol/bytes.h"
#include "protocol/random.h"

namespace pxeproof::conformance {

// A damaged copy of a DHCP message: mostly its options are changed as options (lengths, values,
// order, repetition), sometimes octets anywhere.
Bytes damage_message(const Bytes& packet, Random& random);

}  // namespace pxeproof::conformance
