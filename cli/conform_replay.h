#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "cli/failure.h"
#include "conformance/target_file.h"
#include "protocol/addresses.h"

namespace pxeproof::cli {

struct ReplayTarget {
  std::string name;                                // "builtin", "dnsmasq:my.conf", "tftpd-hpa"
  std::optional<conformance::TargetFile> program;  // of all but the first two
};

struct ReplayOptions {
  std::string path;  // a capture, or a directory of them
  std::vector<ReplayTarget> targets;
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
