#include "cli/replay_index.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>

namespace pxeproof::cli {

namespace {

bool is_capture(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".pcap" || extension == ".pcapng" || extension == ".cap";
}

void learn(ReplaySource& source, const toml::table& index) {
  const std::string name = std::filesystem::path(source.file).filename().string();
  const auto* captures = index["capture"].as_array();
  if (captures == nullptr) return;
  for (const auto& node : *captures) {
    const auto* row = node.as_table();
    if (row == nullptr || (*row)["file"].value_or(std::string()) != name) continue;
    source.server = (*row)["server"].value_or(std::string());
    source.configuration = (*row)["configuration"].value_or(std::string());
  }
}

Outcome<void> read_index(std::vector<ReplaySource>& sources,
                         const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "INDEX.toml";
  if (!std::filesystem::exists(file)) return {};
  try {
    const toml::table index = toml::parse_file(file.string());
    for (ReplaySource& source : sources) learn(source, index);
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
