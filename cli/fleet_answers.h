#pragma once

#include <optional>

#include "cli/fleet_options.h"
#include "cli/fleet_result.h"

namespace pxeproof::cli {

// Causes that show in what servers answered, where it helped no machine. Each is named only where
// it is enough to have stopped most of the machines that it can stop.

// An address server that does not confirm what it offered.
std::optional<FleetCause> refused_leases(const FleetOptions& options, const FleetResult& result);
// One address for several machines at a time.
std::optional<FleetCause> shared_address(const FleetOptions& options, const FleetResult& result);
// Nobody has the address that machines are sent to.
std::optional<FleetCause> silent_neighbour(const FleetOptions& options, const FleetResult& result);
// No OFFER is from a proxy, and machines were not told what to boot.
std::optional<FleetCause> no_proxy(const FleetOptions& options, const FleetResult& result);
// Proxies answer, and nobody gives addresses.
std::optional<FleetCause> no_address(const FleetOptions& options, const FleetResult& result);
// Answers that machines ignored: most often, they had asked again or gone on before.
std::optional<FleetCause> unused_answers(const FleetOptions& options, const FleetResult& result);
// Nobody listens where machines ask.
std::optional<FleetCause> closed_port(const FleetOptions& options, const FleetResult& result);
// What answers read requests speaks no TFTP.
std::optional<FleetCause> no_tftp(const FleetOptions& options, const FleetResult& result);
// Offers of addresses to machines that have given up, or of a proxy to those that went on without.
std::optional<FleetCause> late_offers(const FleetOptions& options, const FleetResult& result);

}  // namespace pxeproof::cli
