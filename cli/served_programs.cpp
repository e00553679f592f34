#include "cli/served_programs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "cli/program_head.h"
#include "protocol/bytes.h"
#include "server/boot_file.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kMaximumDepth = 6;
constexpr std::size_t kMaximumFiles = 20'000;
constexpr std::uint16_t kUefi = 7;
constexpr std::size_t kMaximumDirectories = 1024;  // the kernel has some thousands for each user
// What the ROM or the EEPROM of a Raspberry Pi loads, at the top or in a directory that has the
// board's serial number for a name.
constexpr std::array<std::string_view, 4> kPiNames{"bootcode.bin", "start.elf", "start4.elf",
                                                   "kernel_2712.img"};
constexpr int kPiDepth = 1;

using Program = ServedPrograms::Program;

// The more preferred, then the nearer, then the first by name.
bool is_better(const Program& left, const Program& right) {
  if (left.program.preference != right.program.preference) {
    return left.program.preference > right.program.preference;
  }
  if (left.depth != right.depth) return left.depth < right.depth;
  return left.path < right.path;
}

// A file that cannot be looked into is a program by its name, or none.
bool is_called_program(const std::string& path) {
  return server::has_foreign_ending(path, server::kBiosArchitecture) ||
         server::has_foreign_ending(path, kUefi);
}

// What becomes of the name between the configuration and a client's request.
std::optional<Refusal> refusal_of_name(const Program& candidate) {
  const std::string& path = candidate.path;
  const auto is_control = [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
  };
  if (std::ranges::any_of(path, is_control)) {
    return Refusal{"its name has a control character", "rename it"};
  }
  for (const std::uint16_t architecture : candidate.program.architectures) {
    server::BootFileName name;
    if (!server::name_boot_file(path, architecture, 0, name)) {
      return Refusal{"its name is longer than an answer has room for",
                     "rename it, or put it nearer to the top"};
    }
    if (name.text() == path) continue;
    return Refusal{fmt::format("its name has no dot, so that machines would ask for {}",
                               printable(name.text())),
                   fmt::format("rename it {}", printable(name.text()))};
  }
  return std::nullopt;
}

class Search {
 public:
  Search(const fs::path& directory, const FileRules& rules)
      : directory_(directory), rules_(rules) {}

  void look_at(const fs::directory_entry& entry, int depth) {
    const std::string path = entry.path().lexically_relative(directory_).generic_string();
    const Bytes head = read_program_head(entry.path());
    if (look_at_pi(entry.path().filename().string(), path, depth)) return;
    const auto program = firmware::read_boot_program(path, head);
    if (!program) {
      if (head.empty() && is_called_program(path)) look_at_closed(path);
      return look_at_other({depth, path, firmware::describe_other_file(path, head)});
    }
    const Program candidate{.path = path, .program = *program, .depth = depth};
    auto refusal = refusal_of_name(candidate);
    if (!refusal) refusal = refusal_of(directory_.string(), path, rules_);
    if (refusal) return found_.leave_out(path, std::move(*refusal));
    for (const std::uint16_t architecture : program->architectures) {
      const auto [best, is_new] = found_.best.try_emplace(architecture, candidate);
      if (!is_new && is_better(candidate, best->second)) best->second = candidate;
    }
  }

  // Whether it is of a Raspberry Pi.
  bool look_at_pi(const std::string& name, const std::string& path, int depth) {
    if (depth > kPiDepth || std::ranges::find(kPiNames, name) == kPiNames.end()) return false;
    if (auto refusal = refusal_of(directory_.string(), path, rules_)) {
      found_.leave_out(path, std::move(*refusal));
    } else if (!found_.raspberry_pi || path < *found_.raspberry_pi) {
      found_.raspberry_pi = path;
    }
    return true;
  }

  void look_at_other(ServedPrograms::Other other) {
    found_.others.insert(std::move(other));
    if (found_.others.size() <= ServedPrograms::kMaximumOthers) return;
    found_.others.erase(std::prev(found_.others.end()));
    ++found_.further_others;
  }

  ServedPrograms take() { return std::move(found_); }

 private:
  // Nothing in it, or nothing to be seen.
  void look_at_closed(const std::string& path) {
    auto refusal = refusal_of(directory_.string(), path, rules_);
    if (refusal) found_.leave_out(path, std::move(*refusal));
  }

  const fs::path& directory_;
  const FileRules& rules_;
  ServedPrograms found_;
};

}  // namespace

void ServedPrograms::leave_out(std::string path, Refusal refusal) {
  if (left_out.size() == kMaximumLeftOut) {
    ++further;
  } else {
    left_out.push_back({std::move(path), std::move(refusal)});
  }
}

ServedPrograms find_programs(const fs::path& directory, const FileRules& rules) {
  Search search(directory, rules);
  std::error_code error;
  fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied,
                                      error);
  std::size_t files = 0;
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= kMaximumDepth) at.disable_recursion_pending();
    std::error_code ignored;
    const bool is_dangling = at->is_symlink(ignored) && !at->exists(ignored);
    if (!at->is_regular_file(ignored) && !is_dangling) continue;  // links are followed
    if (++files > kMaximumFiles) break;
    search.look_at(*at, at.depth());
  }
  return search.take();
}

std::set<std::string> directories_of_programs(const fs::path& directory) {
  std::set<std::pair<int, std::string>> found{{0, directory.string()}};  // the nearest first
  std::error_code error;
  fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied,
                                      error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= kMaximumDepth) at.disable_recursion_pending();
    std::error_code ignored;
    if (at->is_symlink(ignored) || !at->is_directory(ignored)) continue;
    found.emplace(at.depth() + 1, at->path().string());
    if (found.size() > kMaximumDirectories) found.erase(std::prev(found.end()));
  }
  std::set<std::string> names;
  for (const auto& [depth, name] : found) names.insert(name);
  return names;
}

}  // namespace pxeproof::cli
