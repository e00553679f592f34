#include "live/service_manager.h"

#include <systemd/sd-daemon.h>

namespace pxeproof::live {

void notify_service_manager(const std::string& state) { sd_notify(0, state.c_str()); }

std::optional<Duration> watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace pxeproof::live
