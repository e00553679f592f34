#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
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

  void leave_out(std::string path, Refusal refusal);
};

// Looks at each file of the directory, as far as names and contents tell, and judges what it finds
// as the server will when a client asks.
ServedPrograms find_programs(const std::filesystem::path& directory, const FileRules& rules);

}  // namespace pxeproof::cli
