#include "cli/replay_index.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace pxeproof::cli {

namespace {

bool is_capture(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".pcap" || extension == ".pcapng" || extension == ".cap" ||
         (extension == ".toml" && path.filename() != "INDEX.toml");  // a case
}

// What an index says of the configuration: its text, or a file beside the index that holds it.
Outcome<std::string> configuration_text(const std::string& told,
                                        const std::filesystem::path& directory) {
  if (told.empty() || told.find('\n') != std::string::npos) return told;
  const std::filesystem::path file = directory / told;
  std::error_code error;
  if (std::filesystem::is_regular_file(file, error)) {
    std::ostringstream text;
    if (text << std::ifstream(file).rdbuf()) return text.str();
  }
  if (!told.ends_with(".conf")) return told;
  return wrong_usage(
      fmt::format("{}: cannot be read, and INDEX.toml names it as a configuration; "
                  "put it there, or its text into the index",
                  file.string()));
}

Outcome<void> learn(ReplaySource& source, const toml::table& index,
                    const std::filesystem::path& directory) {
  const std::string name = std::filesystem::path(source.file).filename().string();
  const auto* captures = index["capture"].as_array();
  if (captures == nullptr) return {};
  for (const auto& node : *captures) {
    const auto* row = node.as_table();
    if (row == nullptr || (*row)["file"].value_or(std::string()) != name) continue;
    source.server = (*row)["server"].value_or(std::string());
    auto text = configuration_text((*row)["configuration"].value_or(std::string()), directory);
    if (!text) return fail(text.error());
    source.configuration = std::move(*text);
  }
  return {};
}

Outcome<void> read_index(std::vector<ReplaySource>& sources,
                         const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "INDEX.toml";
  if (!std::filesystem::exists(file)) return {};
  try {
    const toml::table index = toml::parse_file(file.string());
    for (ReplaySource& source : sources) {
      if (const auto learned = learn(source, index, directory); !learned) return learned;
    }
  } catch (const toml::parse_error& error) {
    return wrong_usage(fmt::format("{}:{}: {}; correct it, or move the captures away from it",
                                   file.string(), error.source().begin.line, error.description()));
  }
  return {};
}

}  // namespace

Outcome<std::vector<ReplaySource>> find_replay_sources(const std::string& path) {
  std::error_code error;
  std::vector<ReplaySource> sources;
  std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) directory = ".";
  if (std::filesystem::is_directory(path, error)) {
    directory = path;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
      if (is_capture(entry.path())) sources.push_back({entry.path().string(), {}, {}});
    }
    std::ranges::sort(sources, {}, &ReplaySource::file);
    if (sources.empty()) {
      return wrong_usage(path + ": holds no .pcap or .pcapng file; name one, or their directory");
    }
  } else {
    sources.push_back({path, {}, {}});
  }
  if (const auto read = read_index(sources, directory); !read) return fail(read.error());
  return sources;
}

}  // namespace pxeproof::cli
