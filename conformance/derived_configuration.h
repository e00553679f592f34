#pragma once

#include <string>
#include <string_view>

#include "conformance/dialogue.h"

namespace pxeproof::conformance {

// A configuration in dnsmasq's language by which a server would say what the recorded one said: the
// subnet, the menu and the boot files are read off its answers. For captures that come without
// their configuration.
std::string derive_configuration(const Dialogue& dialogue, std::string_view tftp_root);

}  // namespace pxeproof::conformance
