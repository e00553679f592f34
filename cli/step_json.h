#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "trace/steps.h"

namespace pxeproof::cli {

// The steps of a boot, as all reports write them.
nlohmann::ordered_json steps_json(const std::vector<trace::Step>& steps);

}  // namespace pxeproof::cli
