#pragma once

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/fleet_options.h"
#include "cli/fleet_result.h"
#include "simclient/fleet.h"

namespace pxeproof::cli {

// Follows a fleet while it runs: the status line, the stream of JSON lines, the samples for the
// plots, the captures of failed boots.
class FleetWatch {
 public:
  // Opens what is written while the fleet runs, and empties it: to be called when nothing else can
  // keep the run from beginning.
  static Outcome<FleetWatch> open(const FleetOptions& options);

  // What the fleet's time has to be moved by to be the time of day, for captures. In virtual time
  // it is not: a run begins in 1970.
  void set_time_of_day(Duration to_wall_clock) { to_wall_clock_ = to_wall_clock; }

  // Takes what has happened since the last call. The time is the fleet's own.
  void look(const rom::Fleet& fleet, Instant now);
  void take(rom::Fleet& fleet);
  // Brings the status line up to date, and nothing that a report is made of.
  void refresh(const rom::Fleet& fleet, Instant now) { show(fleet.tally(), now - fleet.started()); }

  // When to look again at the latest, in the fleet's time.
  Instant next_look() const { return next_look_; }

  // Ends the status line, and puts all that was seen into a result.
  FleetResult finish(rom::Fleet& fleet, Instant now);

 private:
  explicit FleetWatch(const FleetOptions& options) : options_(&options) {}
  void show(const rom::FleetTally& tally, Duration since_start);
  void keep(const rom::Fleet& fleet, rom::KeptFailure failure);
  void count(const rom::FleetOutcome& outcome);
  bool is_held(const rom::FleetOutcome& outcome) const;  // by a restart
  void write_line(const std::string& line);

  const FleetOptions* options_;
  std::ofstream jsonl_file_;
  std::vector<FleetSample> samples_;
  std::vector<KeptBoot> kept_;
  FleetResult::HeldByRestart held_by_restart_;
  Instant next_look_;
  Duration to_wall_clock_{};
  Duration sample_gap_ = std::chrono::milliseconds(250);
  std::int64_t last_shown_ns_ = 0;  // by this machine's clock
  std::uint64_t last_ended_ = 0;
  bool line_is_open_ = false;
};

}  // namespace pxeproof::cli
