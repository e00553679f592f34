#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "cli/boot_watch.h"

namespace pxeproof::cli {

// A client's boot, as the report of a single run and the log write it.
nlohmann::ordered_json served_boot_json(const ServedBoot& boot, std::optional<ServedPhase> wanted);

}  // namespace pxeproof::cli
