#pragma once

#include <cstddef>

#include "cli/failure.h"
#include "cli/fleet_options.h"
#include "cli/fleet_result.h"

namespace pxeproof::cli {

// One fleet in virtual time, with the built-in server, in this process.
Outcome<FleetResult> run_virtual_fleet(const FleetOptions& options, std::size_t clients);

// One fleet in real time, in a private lab; to be called in private namespaces.
Outcome<FleetResult> run_fleet_in_lab(const FleetOptions& options, std::size_t clients);

// One fleet in real time, on a network of others.
Outcome<FleetResult> run_fleet_on_interface(const FleetOptions& options, std::size_t clients);

}  // namespace pxeproof::cli
