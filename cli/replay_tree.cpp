#include "cli/replay_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace pxeproof::cli {

namespace {

// A capture is foreign input: no name of it may reach beyond the tree.
std::filesystem::path below_tree(std::string name) {
  std::ranges::replace(name, '\\', '/');
  std::filesystem::path safe;
  for (const auto& part : std::filesystem::path(name).relative_path()) {
    if (part == "..") return {};
    if (part != "." && !part.empty()) safe /= part;
  }
  return safe;
}

}  // namespace

Outcome<void> make_replay_tree(const conformance::Dialogue& dialogue,
                               const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const auto& file : dialogue.files()) {
    const std::filesystem::path name = below_tree(file.name);
    if (name.empty() || name.native().find('\0') != std::string::npos) continue;
    const std::filesystem::path path = directory / name;
    std::filesystem::create_directories(path.parent_path(), error);
    std::ofstream(path).flush();
    std::filesystem::resize_file(path, file.size, error);
    if (error) {
      return environment_failed(
          fmt::format("{}: cannot be made with {} octets ({}); make room in its file system",
                      path.string(), file.size, error.message()));
    }
  }
  return {};
}

std::string with_tftp_root(const std::string& configuration, const std::string& root) {
  std::string text;
  std::istringstream lines(configuration);
  bool has_root = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("tftp-root=")) {
      line = "tftp-root=" + root;
      has_root = true;
    }
    text += line + "\n";
  }
  if (!has_root) text += "tftp-root=" + root + "\n";
  return text;
}

}  // namespace pxeproof::cli
