#pragma once

#include <optional>
#include <string>

#include "protocol/addresses.h"

namespace pxeproof::rom {

// What one machine of a fleet has for itself alone.
struct OwnNames {
  MacAddress mac{};
  Guid guid{};
  std::optional<Ipv4Address> address{};
};

// A reason without what only one machine has, in every spelling that firmware and servers use:
// machines that failed alike then have one reason.
std::string common_reason(std::string reason, const OwnNames& names);

}  // namespace pxeproof::rom
