#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"
#include "server/configuration_reader.h"

namespace pxeproof::cli {

// What a pipe may take: seconds, so that a command's output can be a configuration, or nothing. Who
// serves meanwhile must not wait for each pipe in turn.
enum class Pipes { Awaited, Refused };

// Standard input is "-", and read once only.
Result<std::string, std::string> read_configuration_file(const std::string& path, Pipes pipes);

// The files that a configuration names, from the disk. Pipes are refused.
class ConfigurationDisk : public server::ConfigurationFiles {
 public:
  Result<std::string, std::string> read(const std::string& path) override;
  Result<std::vector<std::string>, std::string> list(const std::string& path) override;
  // Through the shell, as dnsmasq does; what it writes to standard error is not caught.
  Result<std::string, std::string> run(const std::string& command) override;
  std::string identity(const std::string& path) override;
};

// Reads a configuration from a file (empty: none) and directives of the command line. The failure
// holds every error, a line each.
Outcome<server::LoadedConfiguration> load_configuration(const std::string& file,
                                                        const std::vector<std::string>& directives);

// The same for a text in memory, which messages call by this name.
Outcome<server::LoadedConfiguration> load_configuration_text(const std::string& name,
                                                             const std::string& text);

}  // namespace pxeproof::cli
