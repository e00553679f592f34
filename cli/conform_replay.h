#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/failure.h"
#include "protocol/addresses.h"

namespace pxeproof::cli {

struct ReplayOptions {
  std::string path;                          // a capture, or a directory of them
  std::vector<std::string> targets;          // "builtin", "dnsmasq"
  std::string interface;                     // a real network instead of a lab
  std::optional<Ipv4Address> remote_server;  // with interface
  std::string configuration_file;            // empty: of INDEX.toml, else derived from the capture
  std::string json;                          // a report; "-": standard output
  std::uint64_t seed = 1;
  int verbosity = 0;
};

Outcome<ReplayOptions> read_replay_options(const Arguments& arguments);

// conform --replay: each recorded boot is held again with each target, and told where the answers
// differ from the recorded ones.
ExitCode run_replay(const Arguments& arguments);

// conform --to-case: writes the conversations of a capture as a text that people edit and replay.
ExitCode run_to_case(const Arguments& arguments);

}  // namespace pxeproof::cli
