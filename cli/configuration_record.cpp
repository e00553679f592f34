#include "cli/configuration_record.h"

#include <fmt/format.h>

#include "cli/configuration_disk.h"
#include "live/network_interfaces.h"

namespace pxeproof::cli {

namespace {

constexpr MacAddress kImaginedMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x03}};

// What was read once, as it was then; what was not, from the disk.
class RecordElseDisk : public server::ConfigurationFiles {
 public:
  RecordElseDisk(const ConfigurationRecord& record, ConfigurationDisk& disk)
      : record_(record), disk_(disk) {}
  Result<std::string, std::string> read(const std::string& path) override {
    return record_.texts.contains(path) ? RecordedFiles(record_).read(path) : disk_.read(path);
  }
  Result<std::vector<std::string>, std::string> list(const std::string& path) override {
    return record_.lists.contains(path) ? RecordedFiles(record_).list(path) : disk_.list(path);
  }
  // Programs of conf-script run when everything is read.
  Result<std::string, std::string> run(const std::string& command) override {
    return RecordedFiles(record_).run(command);
  }
  std::string identity(const std::string& path) override {
    return record_.identities.contains(path) ? RecordedFiles(record_).identity(path)
                                             : disk_.identity(path);
  }

 private:
  const ConfigurationRecord& record_;
  ConfigurationDisk& disk_;
};

Outcome<server::LoadedConfiguration> load(const ConfigurationRecord& record,
                                          server::ConfigurationFiles& files) {
  auto loaded = server::read_configuration(record.sources, files);
  if (loaded) {
    auto& warnings = loaded->warnings;
    warnings.insert(warnings.end(), record.file_warnings.begin(), record.file_warnings.end());
    return std::move(*loaded);
  }
  std::string message;
  for (const server::Diagnostic& diagnostic : loaded.error()) {
    message += (message.empty() ? "" : "\n") + server::to_string(diagnostic);
  }
  return wrong_usage(std::move(message));
}

// As far as directives of the command line alone tell; what is wrong in them, the whole reading
// says. A record of nothing else keeps programs from being run a second time.
Outcome<FileRules> rules_of(const std::vector<std::string>& directives) {
  ConfigurationRecord record;
  record.sources.command_line = directives;
  const auto loaded = load_recorded(record);
  return file_rules(loaded ? loaded->configuration : server::Configuration{});
}

}  // namespace

std::string_view source_of(const ConfigurationRecord& record) {
  return record.sources.files.empty() ? std::string_view("command line")
                                      : record.sources.files.front().name;
}

Outcome<ConfigurationRecord> record_sources(const ConfigurationOrigin& origin, Pipes pipes) {
  ConfigurationRecord record;
  record.sources.command_line = origin.directives;
  if (!origin.file.empty()) {
    auto text = read_configuration_file(origin.file, pipes);
    if (!text) {
      return wrong_usage(fmt::format(
          "{}: cannot be read ({}); name a configuration file that exists and that you may read",
          origin.file, text.error()));
    }
    record.sources.files.push_back({origin.file, std::move(*text)});
  }
  if (!origin.directory.empty()) {
    auto interfaces = live::list_network_interfaces();
    if (!interfaces) return environment_failed(interfaces.error().message);
    if (origin.imagined) {
      interfaces->push_back(
          {.name = "imagined", .mac = kImaginedMac, .addresses = {*origin.imagined}});
    }
    const auto rules = rules_of(origin.directives);
    if (!rules) return fail(rules.error());
    auto made = directory_configuration(origin.directory, *interfaces, *rules, origin.no_program);
    if (!made) return fail(made.error());
    record.sources.files.push_back({source_name(origin.directory), std::move(made->text)});
    record.file_warnings = std::move(made->file_warnings);
  }
  return record;
}

Result<std::string, std::string> RecordingFiles::read(const std::string& path) {
  auto text = source_.read(path);
  record_.texts.insert_or_assign(path, text);
  return text;
}

Result<std::vector<std::string>, std::string> RecordingFiles::list(const std::string& path) {
  auto names = source_.list(path);
  record_.lists.insert_or_assign(path, names);
  return names;
}

Result<std::string, std::string> RecordingFiles::run(const std::string& command) {
  auto text = source_.run(command);
  record_.outputs.insert_or_assign(command, text);
  return text;
}

std::string RecordingFiles::identity(const std::string& path) {
  std::string identity = source_.identity(path);
  record_.identities.insert_or_assign(path, identity);
  return identity;
}

Result<std::string, std::string> RecordedFiles::read(const std::string& path) {
  const auto found = record_.texts.find(path);
  if (found == record_.texts.end()) return fail(std::string("not recorded"));
  return found->second;
}

Result<std::vector<std::string>, std::string> RecordedFiles::list(const std::string& path) {
  const auto found = record_.lists.find(path);
  if (found == record_.lists.end()) return fail(std::string("not recorded"));
  return found->second;
}

Result<std::string, std::string> RecordedFiles::run(const std::string& command) {
  const auto found = record_.outputs.find(command);
  if (found == record_.outputs.end()) return fail(std::string("not recorded"));
  return found->second;
}

std::string RecordedFiles::identity(const std::string& path) {
  const auto found = record_.identities.find(path);
  return found == record_.identities.end() ? path : found->second;
}

Outcome<server::LoadedConfiguration> load_and_record(ConfigurationRecord& record) {
  ConfigurationDisk disk;
  RecordingFiles files(disk, record);
  return load(record, files);
}

Outcome<server::LoadedConfiguration> load_with_directories(ConfigurationRecord& record,
                                                           const std::set<std::string>& watched) {
  // A file there is read when the list has it, so forgetting it does no harm to one that is gone.
  for (const std::string& directory : watched) {
    record.lists.erase(directory);
    std::erase_if(record.texts, [&](const auto& text) {
      const std::string& path = text.first;
      return path.starts_with(directory + "/") && path.rfind('/') == directory.size();
    });
  }
  ConfigurationDisk disk;
  RecordElseDisk files(record, disk);
  RecordingFiles recording(files, record);
  return load(record, recording);
}

Outcome<server::LoadedConfiguration> load_recorded(const ConfigurationRecord& record) {
  RecordedFiles files(record);
  return load(record, files);
}

}  // namespace pxeproof::cli
