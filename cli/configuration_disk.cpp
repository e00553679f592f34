#include "cli/configuration_disk.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "live/text_file.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

std::string reason_of(int code) { return std::strerror(code); }

Outcome<server::LoadedConfiguration> load(const server::ConfigurationSources& sources) {
  ConfigurationDisk disk;
  auto loaded = server::read_configuration(sources, disk);
  if (loaded) return std::move(*loaded);
  std::string message;
  for (const server::Diagnostic& diagnostic : loaded.error()) {
    message += (message.empty() ? "" : "\n") + server::to_string(diagnostic);
  }
  return wrong_usage(std::move(message));
}

}  // namespace

Result<std::string, std::string> read_configuration_file(const std::string& path, Pipes pipes) {
  // Standard input can be read once only, and a reload reads every file again.
  if (path == "-") {
    static const auto input = live::read_text_file("/dev/stdin");
    return input;
  }
  return pipes == Pipes::Awaited ? live::read_text_file(path) : live::read_text_file_at_once(path);
}

Result<std::string, std::string> ConfigurationDisk::read(const std::string& path) {
  return read_configuration_file(path, Pipes::Refused);
}

Result<std::vector<std::string>, std::string> ConfigurationDisk::list(const std::string& path) {
  std::error_code error;
  fs::directory_iterator directory(path, error);
  if (error) return fail(error.message());
  std::vector<std::string> names;
  for (; directory != fs::directory_iterator(); directory.increment(error)) {
    if (error) return fail(error.message());
    std::error_code ignored;
    if (directory->is_regular_file(ignored)) names.push_back(directory->path().filename().string());
  }
  return names;
}

Result<std::string, std::string> ConfigurationDisk::run(const std::string& command) {
  std::fflush(nullptr);
  FILE* output = popen(command.c_str(), "re");
  if (output == nullptr) return fail(reason_of(errno));
  std::string text;
  std::array<char, 4096> part{};
  std::size_t size = 0;
  while ((size = fread(part.data(), 1, part.size(), output)) > 0) text.append(part.data(), size);
  const int status = pclose(output);
  if (status < 0) return fail(reason_of(errno));
  if (WIFSIGNALED(status)) return fail(fmt::format("it was ended by signal {}", WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) {
    return fail(fmt::format("it ended with exit code {}", WEXITSTATUS(status)));
  }
  return text;
}

std::string ConfigurationDisk::identity(const std::string& path) {
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  return error ? path : canonical.string();
}

Outcome<server::LoadedConfiguration> load_configuration(
    const std::string& file, const std::vector<std::string>& directives) {
  server::ConfigurationSources sources;
  sources.command_line = directives;
  if (!file.empty()) {
    auto text = read_configuration_file(file, Pipes::Awaited);
    if (!text) {
      return wrong_usage(fmt::format(
          "{}: cannot be read ({}); name a configuration file that exists and that you may read",
          file, text.error()));
    }
    sources.files.push_back({file, std::move(*text)});
  }
  return load(sources);
}

Outcome<server::LoadedConfiguration> load_configuration_text(const std::string& name,
                                                             const std::string& text) {
  server::ConfigurationSources sources;
  sources.files.push_back({name, text});
  return load(sources);
}

}  // namespace pxeproof::cli
