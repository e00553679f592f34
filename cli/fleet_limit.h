#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/fleet_options.h"
#include "cli/fleet_result.h"

namespace pxeproof::cli {

// One load that was tried.
struct FleetTrial {
  double load = 0;  // machines, or machines per second
  bool holds = false;
  std::string measured;   // for people
  bool stopped = false;   // by a signal: it says nothing
  std::string own_fault;  // not empty: the generator came to its end, not the server
  std::string cause_name;
  std::string cause;  // why it did not hold, or what already slows it
  std::string remedy;
};

// What a trial of a fleet came to, as far as the search wants it.
FleetTrial trial_of(const FleetOptions& options, const FleetResult& result);

// A trial as text and back, for those that run in a process of their own.
std::string to_json(const FleetTrial& trial);
Outcome<FleetTrial> trial_from_json(const std::string& text);

// The load of a fleet that the search may change: how many at once, or how many per second.
FleetOptions with_load(const FleetOptions& options, double load);
bool searches_rate(const FleetOptions& options);

// Doubles the load until the condition fails, then halves the interval until it is known to a
// twentieth.
struct FleetLimit {
  std::vector<FleetTrial> trials;  // in the order in which they were made
  double holds_at = 0;             // the largest that held; 0: none
  double fails_at = 0;             // the smallest that failed; 0: none did
  bool stopped = false;            // before it was known exactly
};
Outcome<FleetLimit> find_limit(
    const FleetOptions& options,
    const std::function<Outcome<FleetTrial>(const FleetOptions& options)>& run,
    const std::function<void(const FleetTrial& trial)>& tell);

// One line for a trial, and the last words of the search.
std::string trial_text(const FleetOptions& options, const FleetTrial& trial);
std::string limit_text(const FleetOptions& options, const FleetLimit& limit);

}  // namespace pxeproof::cli
