#include "live/service_manager.h"

#include <systemd/sd-daemon.h>

namespace pxeproof::live {

void notify_service_manager(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace pxeproof::live
