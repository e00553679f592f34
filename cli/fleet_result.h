#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/fleet_options.h"
#include "simclient/fleet_tally.h"

namespace pxeproof::cli {

// The state of a fleet at one moment of its run.
struct FleetSample {
  Duration at{};              // after the start
  std::uint64_t waiting = 0;  // not powered on yet
  std::array<std::uint64_t, 5> busy_with{};
  std::uint64_t booted = 0;
  std::uint64_t failed = 0;
};

// What this machine itself did to the packets, as far as it can tell.
struct FleetHarness {
  std::uint64_t refused = 0;  // frames that the kernel would not send
  std::uint64_t dropped = 0;  // frames that arrived and that we read too slowly
  double cpu_seconds = 0;     // of this process
  double wall_seconds = 0;
  bool has_wire = false;          // the server's side of the ledger was watched
  std::uint64_t wire_missed = 0;  // frames there that we read too slowly to count
};

// A server of a lab, as seen from outside it.
struct WatchedServer {
  std::string name{};
  std::uint64_t discovers = 0;  // that came to its interface
  std::uint64_t offers = 0;     // that left it
  std::uint64_t overflows = 0;  // datagrams that its sockets had no room for
};

// What is known of the servers that a fleet ran against; nullopt: nothing.
struct FleetServer {
  std::optional<std::uint64_t> tftp_max{};  // transfers at once
  bool tftp_max_is_default = false;
  std::optional<std::uint64_t> half_open{};       // transfers whose client has not answered yet
  std::optional<std::uint64_t> transfer_ports{};  // of a tftp-port-range
  std::optional<std::uint64_t> pool{};            // addresses to be had
  std::optional<std::uint64_t> lease_max{};       // dhcp-lease-max of whoever hands them out
  std::optional<double> cpu_seconds{};            // of the boot server's process, during the run
  bool pings = false;                             // each address, before it offers it
  std::string death{};                            // one line: a server of the lab ended by itself
};

// One capture of a failed boot, and what is said of it.
struct KeptBoot {
  std::string file;
  std::string mac;
  std::string reason;
  std::vector<std::string> words;
};

// All that is known of a fleet's run when it is over.
struct FleetResult {
  rom::FleetTally tally;
  std::vector<rom::FleetLadder> slowest;
  std::vector<FleetSample> samples;
  FleetHarness harness;
  FleetServer server;
  std::vector<WatchedServer> watched;
  std::vector<KeptBoot> kept;
  std::vector<std::string> server_words;  // its last ones
  bool stopped = false;                   // by a signal
  bool ran_out_of_time = false;           // --duration
  // Machines that waited for what the boot server owed them when it was killed as the user wanted.
  struct HeldByRestart {
    std::uint64_t booted = 0;
    std::uint64_t failed = 0;
    std::uint64_t under_way = 0;  // when the run was cut short
  };
  HeldByRestart held_by_restart;
  std::size_t clients = 0;
  std::size_t left_out = 0;  // machines that would have arrived after --duration
  std::string lost_lines;    // not empty: why the lines of --jsonl are not all there

  // Why nothing can be said about the server; empty when all is well with this machine.
  std::string own_fault() const;
};

// Whether a restart of the boot server, so long after the start, explains how a machine fared: it
// failed for want of an answer that the dead server owed it, or that the new one cannot know to
// owe; or it booted, and waited longest for such an answer.
bool was_held_by_restart(const rom::FleetOutcome& outcome, Duration restart);

// What a threshold came to.
struct ThresholdVerdict {
  FleetThreshold threshold;
  std::optional<double> measured;  // nullopt: nothing to measure by, and so not held
  bool holds = false;
  bool is_undecided = false;  // it would hold without the generator's own lateness
};
std::vector<ThresholdVerdict> judge(const FleetOptions& options, const FleetResult& result);

// The result's own fault, or that the verdict is as late as the generator; empty: the verdict is
// about the server.
std::string own_fault(const FleetResult& result, const std::vector<ThresholdVerdict>& verdicts);

ExitCode exit_code(const FleetResult& result, const std::vector<ThresholdVerdict>& verdicts);

// Evidence for a cause that lies behind slow or failed boots.
struct FleetCause {
  std::string name;    // "tftp-max", "ports", "cpu", "address pool", ...
  std::string why;     // one line, with its evidence
  std::string remedy;  // what to try
};
// A line that may help in the server's configuration, and how to see whether it does.
std::string remedy_line(const FleetOptions& options, const std::string& line);

// The first of the known limits that the evidence points to; nullopt when all went well or nothing
// known explains it.
std::optional<FleetCause> find_cause(const FleetOptions& options, const FleetResult& result);

}  // namespace pxeproof::cli
