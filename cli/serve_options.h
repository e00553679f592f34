#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/configuration_record.h"
#include "cli/failure.h"
#include "cli/faults/fault.h"
#include "cli/running_server.h"
#include "cli/serve_once.h"
#include "cli/server_log.h"

namespace pxeproof::cli {

const Syntax& serve_syntax();

// What `pxeproof serve` was asked for.
struct ServeOptions {
  ConfigurationOrigin origin;
  std::string control;  // a path; empty: no control socket
  std::string metrics;  // ADDRESS:PORT; empty: none
  ServerLog::Format log_format = ServerLog::Format::Text;
  enum class Confinement { On, Off } confinement = Confinement::On;
  // Transfers, half-open ones and waiting requests; 0: the configuration's or the default.
  TftpLimitOptions limits;
  std::optional<OnceOptions> once;  // ends when one machine has booted
  std::vector<Fault> faults;        // what is wrong with its packets, for who tests clients
  const Mutant* mutant = nullptr;   // a way to be wrong, for who tests tests
  std::string command;              // as it was written, for messages
  int verbosity = 0;
  std::uint64_t seed = 0;
};

// Reads the command line of a server that shall run. The seed is drawn where none is given.
Outcome<ServeOptions> read_serve_options(const Arguments& arguments,
                                         std::span<const std::string> words);

}  // namespace pxeproof::cli
