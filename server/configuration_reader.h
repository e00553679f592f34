#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "server/configuration.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

// The files a configuration names. cli/ fills it in from the disk, tests from memory.
class ConfigurationFiles {
 public:
  virtual ~ConfigurationFiles() = default;

  // The whole text of a file, or why it cannot be read ("No such file or directory").
  virtual Result<std::string, std::string> read(const std::string& path) = 0;

  // The names of the regular files in a directory, in any order, without the directory's own name;
  // or why it cannot be listed. A path that is a file cannot.
  virtual Result<std::vector<std::string>, std::string> list(const std::string& path) = 0;

  // What the program of a command line prints, or why it failed ("exit code 3"). Where no programs
  // are run, all fail.
  virtual Result<std::string, std::string> run(const std::string& /*command*/) {
    return fail(std::string("no programs are run here"));
  }

  // What tells one file from another: a file met again under another name is not read twice.
  virtual std::string identity(const std::string& path) { return path; }
};

// Whether a directory's file of that name is an editor's, which no directory's reading takes.
bool is_left_behind(std::string_view name);

// A configuration file as it lies in memory.
struct TextSource {
  std::string name{};  // for messages
  std::string text{};
};

// Where a configuration comes from. The command line is read first, as dnsmasq does.
struct ConfigurationSources {
  std::vector<std::string> command_line{};  // "--key=value", "--key", "value", "-p0", "-p", "0"
  std::vector<TextSource> files{};
};

// What keeps a hostile configuration from growing without bound.
struct ReaderLimits {
  std::size_t files = 10'000;          // files read, of all kinds
  std::size_t nesting = 64;            // conf-file inside conf-file
  std::size_t diagnostics = 200;       // kept of each kind; reading stops after that many errors
  std::size_t directives = 1'000'000;  // lines with a directive
  std::size_t line_octets = 1024;      // dnsmasq 2.90 cuts a longer line in two
};

struct LoadedConfiguration {
  Configuration configuration{};
  // To be printed. At most one of them speaks of all directives that do not concern network boot.
  std::vector<Diagnostic> warnings{};
  // Each of those directives, for who asks.
  std::vector<Diagnostic> ignored{};
};

// Reads dnsmasq's configuration language (2.90, with the later directives for PXE). All errors are
// collected, in the order met.
Result<LoadedConfiguration, std::vector<Diagnostic>> read_configuration(
    const ConfigurationSources& sources, ConfigurationFiles& files,
    const ReaderLimits& limits = {});

}  // namespace pxeproof::server
