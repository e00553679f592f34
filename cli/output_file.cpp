#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

// A file by its place on the disk, whatever its names are.
struct Place {
  dev_t device = 0;
  ino_t number = 0;
  bool operator==(const Place&) const = default;
};

// Devices and pipes are no place: what is written there takes nothing away.
std::optional<Place> place_of(const std::string& file) {
  struct stat status {};
  const int failed = file == "-" ? fstat(STDIN_FILENO, &status) : stat(file.c_str(), &status);
  if (file.empty() || failed != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Place{.device = status.st_dev, .number = status.st_ino};
}

bool is_file(const OutputFile& output) { return !output.file.empty() && output.file != "-"; }

// Two names that nothing has yet are alike by their letters.
bool is_same_file(const std::string& left, const std::string& right) {
  const auto place = place_of(left);
  if (place) return place == place_of(right);
  std::error_code ignored;
  const bool is_new = !fs::exists(left, ignored) && !fs::exists(right, ignored);
  return is_new && fs::absolute(left, ignored).lexically_normal() ==
                       fs::absolute(right, ignored).lexically_normal();
}

auto cannot_write(const OutputFile& output, int error) {
  return wrong_usage(
      fmt::format("{}: {} cannot be written ({}); name a file in a directory that exists and that "
                  "you may write to",
                  output.option, output.file, std::strerror(error)));
}

// The directory in which a file of this name would be made.
std::string directory_of(const std::string& file) {
  const std::string directory = fs::path(file).parent_path().string();
  return directory.empty() ? "." : directory;
}

bool may_write(const std::string& path) {
  return faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0;
}

// Asked without making the file: a run that fails leaves none behind.
Outcome<void> check_writable(const OutputFile& output) {
  struct stat status {};
  if (stat(output.file.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return cannot_write(output, EISDIR);
    if (!may_write(output.file)) return cannot_write(output, errno);
    return {};
  }
  if (errno != ENOENT) return cannot_write(output, errno);
  const std::string directory = directory_of(output.file);
  if (output.file.ends_with('/')) return cannot_write(output, EISDIR);
  if (stat(directory.c_str(), &status) != 0) return cannot_write(output, errno);
  if (!S_ISDIR(status.st_mode)) return cannot_write(output, ENOTDIR);
  if (!may_write(directory)) return cannot_write(output, errno);
  return {};
}

Outcome<void> check_pair(const OutputFile& first, const OutputFile& second) {
  if (first.file.empty() || second.file.empty()) return {};
  if (first.file == "-" && second.file == "-") {
    return wrong_usage(
        fmt::format("{} and {} cannot both go to standard output; name a file for one of them",
                    first.option, second.option));
  }
  if (is_file(first) && is_file(second) && is_same_file(first.file, second.file)) {
    return wrong_usage(fmt::format("{} and {} both name {}; name two files", first.option,
                                   second.option, second.file));
  }
  return {};
}

}  // namespace

Outcome<void> check_outputs(const std::vector<OutputFile>& outputs,
                            const std::vector<InputFile>& inputs) {
  for (std::size_t at = 0; at < outputs.size(); ++at) {
    const OutputFile& output = outputs[at];
    for (std::size_t before = 0; before < at; ++before) {
      if (auto checked = check_pair(outputs[before], output); !checked) return checked;
    }
    if (!is_file(output)) continue;
    const auto place = place_of(output.file);
    for (const InputFile& input : inputs) {
      if (!place || place != place_of(input.file)) continue;
      return wrong_usage(fmt::format("{}: {} is {} itself; name another file", output.option,
                                     output.file, input.what));
    }
    if (auto checked = check_writable(output); !checked) return checked;
  }
  return {};
}

Outcome<void> check_outside(const std::vector<OutputFile>& outputs, const InputFile& directory) {
  std::error_code ignored;
  if (directory.file.empty()) return {};
  const fs::path root = fs::weakly_canonical(directory.file, ignored);
  if (root == root.root_path()) return {};
  for (const OutputFile& output : outputs) {
    if (!is_file(output)) continue;
    const fs::path place = fs::weakly_canonical(fs::absolute(output.file, ignored), ignored);
    const fs::path inside = place.lexically_relative(root);
    if (inside.empty() || *inside.begin() == "..") continue;
    return wrong_usage(fmt::format("{}: {} lies in {} {}; name a place outside", output.option,
                                   output.file, directory.what, directory.file));
  }
  return {};
}

Outcome<void> check_output_directory(const OutputFile& output) {
  if (output.file.empty()) return {};
  struct stat status {};
  std::string directory = fs::path(output.file).lexically_normal().string();
  if (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  while (stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT || directory == directory_of(directory)) return cannot_write(output, errno);
    directory = directory_of(directory);
  }
  if (!S_ISDIR(status.st_mode)) return cannot_write(output, ENOTDIR);
  if (!may_write(directory)) return cannot_write(output, errno);
  return {};
}

Outcome<void> write_output(const OutputFile& output, std::string_view text) {
  if (output.file.empty()) return {};
  if (output.file == "-") {
    fmt::print("{}", text);
    return {};
  }
  std::ofstream file(output.file, std::ios::binary);
  if (!file) return cannot_write(output, errno);
  errno = 0;
  file << text;
  file.close();
  if (file) return {};
  const std::string reason = errno == 0 ? "" : fmt::format(" ({})", std::strerror(errno));
  return environment_failed(
      fmt::format("{}: {} could not be written to its end{}; give it room and run this again",
                  output.option, output.file, reason));
}

}  // namespace pxeproof::cli
