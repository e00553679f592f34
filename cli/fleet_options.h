#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/boot_target.h"
#include "cli/failure.h"
#include "cli/fleet_metric.h"
#include "cli/output_file.h"
#include "firmware/profile.h"
#include "protocol/cable.h"
#include "simclient/fleet_arrivals.h"
#include "simclient/fleet_plan.h"

namespace pxeproof::cli {

// A part of the fleet's cables: --link [WHO:]loss=1%,delay=2ms.
struct FleetLinkOption {
  std::string kind;  // the machines of this profile; empty: of all
  double share = 1;  // of those, chosen by chance
  Impairment impairment;
};

// How long a server that is restarted is away: in virtual time, and about so long in a lab.
inline constexpr Duration kRestartOutage = std::chrono::seconds(1);

// What `pxeproof fleet` was asked to do.
struct FleetOptions {
  BootTarget target;
  std::string interface;  // a real network; empty: a lab
  bool sure = false;      // --yes
  enum class Time { Real, Virtual } time = Time::Real;
  std::size_t clients = 100;
  rom::Arrivals arrivals = rom::Storm{};
  std::string arrivals_text = "storm";
  struct Share {
    std::string name;
    double weight = 1;
    std::shared_ptr<const firmware::Profile> profile;
  };
  std::vector<Share> mix;
  std::string mix_text = "ipxe-bios";
  rom::Phase until = rom::Phase::Payload;
  rom::Waits waits = rom::Waits::Skipped;
  std::vector<FleetThreshold> thresholds;
  std::vector<FleetLinkOption> links;
  std::vector<std::string> link_texts;
  std::size_t relays = 0;
  std::optional<FleetThreshold> find_limit;
  std::optional<std::size_t> first_clients;  // with which the search begins
  std::optional<Duration> duration;       // nobody is powered on later
  std::optional<Duration> cut_off;        // who is still under way then is not waited for
  std::vector<Duration> restarts;         // of the boot server, after the start
  std::vector<std::string> server_lines;  // added to its configuration
  std::uint64_t seed = 1;
  std::size_t keep_failures = 0;
  std::string keep_directory = ".";
  bool histogram = false;
  bool watch_wire = true;  // not --no-wire
  std::string json;        // a file, "-", or empty: none
  std::string jsonl;
  std::string html;
  int verbosity = 0;

  // The files that it writes, but for captures.
  std::vector<OutputFile> outputs() const;

  // The same fleet again, as a command.
  std::string again() const;
};

std::span<const OptionSpec> fleet_option_specs();
Outcome<FleetOptions> read_fleet_options(const Arguments& arguments);

// Who boots when, with which firmware, behind which cable.
rom::FleetPlan plan_fleet(const FleetOptions& options, std::size_t clients,
                          const rom::ExpectedContent* expected);

}  // namespace pxeproof::cli
