#pragma once

#include <string>

namespace pxeproof::live {

// Tells systemd, where it started this process ("READY=1"); otherwise nothing happens.
void notify_service_manager(const std::string& state);

}  // namespace pxeproof::live
