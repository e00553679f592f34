#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/boot_lab.h"
#include "cli/failure.h"
#include "cli/fleet_options.h"
#include "cli/fleet_result.h"
#include "simclient/fleet_relays.h"

namespace pxeproof::cli {

// A kernel keeps 1024 neighbours that it asked for; some room is left to everybody else. A larger
// fleet's machines are made known to the lab's boot server without ARP.
inline constexpr std::size_t kNeighboursByArp = 800;

// What a fleet of so many machines may fill, at 8 KiB each, in octets: for live::prepare_heap.
std::size_t fleet_heap(std::size_t clients);

// The lab of a fleet: the target's configuration in a network wide enough for so many machines.
// Where the configuration states a netmask or hands out addresses itself, it stays as it is, and a
// pool that is too small runs dry.
Outcome<LabConfiguration> prepare_fleet_lab(const FleetOptions& options, std::size_t clients);

// The relays of such a lab as the fleet's machines and the servers meet them.
rom::RelayedFleet::Plan relay_plan(const LabConfiguration& lab, const MacAddress& address_server,
                                   const MacAddress& boot_server);

// What limits the configuration of such a lab sets.
FleetServer server_limits(const FleetOptions& options, const LabConfiguration& lab);

}  // namespace pxeproof::cli
