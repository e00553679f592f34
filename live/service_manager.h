#pragma once

#include <optional>
#include <string>

#include "protocol/time.h"

namespace pxeproof::live {

// Tells systemd, where it started this process ("READY=1"); otherwise nothing happens.
void notify_service_manager(const std::string& state);

// How often it wants to hear that the server is alive; nullopt: not at all.
std::optional<Duration> watchdog_interval();

}  // namespace pxeproof::live
