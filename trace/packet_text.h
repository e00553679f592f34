#pragma once

#include <string>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// One line about a frame, for -v: addresses, protocol, and what it says. Empty for frames that no
// boot turns on.
std::string describe_packet(ByteView frame);

// The octets of a frame in rows of sixteen, for -vv; each row begins with the indent.
std::string hex_dump(ByteView frame, std::string_view indent);

}  // namespace pxeproof::trace
