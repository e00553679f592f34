#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/configuration_disk.h"
#include "cli/failure.h"
#include "cli/serve_directory.h"
#include "protocol/bytes.h"
#include "server/configuration_reader.h"

namespace pxeproof::cli {

// Where a server's configuration comes from, each time that it is read.
struct ConfigurationOrigin {
  std::string file;                           // dnsmasq's configuration file; empty: none
  std::vector<std::string> directives;        // of the command line
  std::string directory;                      // to be served without a file; empty: none
  NoProgram no_program = NoProgram::Refused;  // in the directory
  // Where the machine would stand beside its own networks, for a packet that was seen elsewhere.
  std::optional<Subnet> imagined{};
};

struct ConfigurationRecord;

// What messages about the whole of it call it: its file, its directory or the command line.
std::string_view source_of(const ConfigurationRecord& record);

// Everything that a reading of the configuration took from the disk, so that a process without
// rights to the disk can read the same.
struct ConfigurationRecord {
  server::ConfigurationSources sources;
  std::map<std::string, Result<std::string, std::string>> texts;
  std::map<std::string, Result<std::vector<std::string>, std::string>> lists;
  std::map<std::string, Result<std::string, std::string>> outputs;  // of conf-script's programs
  std::map<std::string, std::string> identities;
  std::vector<server::Diagnostic> file_warnings;  // about a directory's files
};

// Reads from the disk and keeps what was read.
Outcome<ConfigurationRecord> record_sources(const ConfigurationOrigin& origin,
                                            Pipes pipes = Pipes::Awaited);

class RecordingFiles : public server::ConfigurationFiles {
 public:
  RecordingFiles(server::ConfigurationFiles& source, ConfigurationRecord& record)
      : source_(source), record_(record) {}
  Result<std::string, std::string> read(const std::string& path) override;
  Result<std::vector<std::string>, std::string> list(const std::string& path) override;
  Result<std::string, std::string> run(const std::string& command) override;
  std::string identity(const std::string& path) override;

 private:
  server::ConfigurationFiles& source_;
  ConfigurationRecord& record_;
};

// Reads from a record; what is not in it does not exist.
class RecordedFiles : public server::ConfigurationFiles {
 public:
  explicit RecordedFiles(const ConfigurationRecord& record) : record_(record) {}
  Result<std::string, std::string> read(const std::string& path) override;
  Result<std::vector<std::string>, std::string> list(const std::string& path) override;
  Result<std::string, std::string> run(const std::string& command) override;
  std::string identity(const std::string& path) override;

 private:
  const ConfigurationRecord& record_;
};

// Reads a configuration and records it on the way.
Outcome<server::LoadedConfiguration> load_and_record(ConfigurationRecord& record);

// Reads the watched directories from the disk, and everything else as it was recorded. The record
// holds afterwards what was read now.
Outcome<server::LoadedConfiguration> load_with_directories(ConfigurationRecord& record,
                                                           const std::set<std::string>& watched);

// Reads it again from the record.
Outcome<server::LoadedConfiguration> load_recorded(const ConfigurationRecord& record);

}  // namespace pxeproof::cli
