#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_rules.h"
#include "firmware/boot_program.h"

namespace pxeproof::cli {

// The boot programs of a directory: for each architecture the one to offer, and those that a
// machine would be refused.
struct ServedPrograms {
  struct Program {
    std::string path;  // below the directory
    firmware::BootProgram program;
    int depth = 0;
  };
  struct LeftOut {
    std::string path;
    Refusal refusal;
  };
  static constexpr std::size_t kMaximumLeftOut = 20;

  std::map<std::uint16_t, Program> best{};  // by number of option 93
  std::vector<LeftOut> left_out{};
  std::size_t further = 0;  // left out beyond the maximum
  // The firmware of a Raspberry Pi, which loads it by its own names.
  std::optional<std::string> raspberry_pi{};
  // Some of what else there is, the nearest first, and what it is.
  struct Other {
    int depth = 0;
    std::string path;
    std::string_view what;
    auto operator<=>(const Other&) const = default;
  };
  static constexpr std::size_t kMaximumOthers = 5;
  std::set<Other> others{};
  std::size_t further_others = 0;

  bool is_empty() const { return best.empty() && !raspberry_pi; }

  void leave_out(std::string path, Refusal refusal);
};

// Looks at each file of the directory, as far as names and contents tell, and judges what it finds
// as the server will when a client asks.
ServedPrograms find_programs(const std::filesystem::path& directory, const FileRules& rules);

// The directory and those below it in which programs are looked for, as far as they may be
// watched.
std::set<std::string> directories_of_programs(const std::filesystem::path& directory);

}  // namespace pxeproof::cli
