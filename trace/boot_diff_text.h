#pragma once

#include <string>
#include <vector>

#include "trace/boot_diff.h"

namespace pxeproof::trace {

struct BootDiffTextOptions {
  std::size_t columns = 100;
  std::size_t maximum_lines = 40;                            // of differences; more are counted
  enum class Detail { Short, Full } detail = Detail::Short;  // Short: cosmetic ones on one line
  // ANSI colours; for terminals only.
  enum class Colour { No, Yes } colour = Colour::No;
};

// What was aligned and normalised, the differences by rank, the fork and what led to it.
std::string boot_diff_text(const BootDiff& diff, const BootDiffTextOptions& options);

// One sentence on where the boots part, such as "step REQUEST 4011 is missing in BAD (packet 6);
// before it differs ..."; empty when they do not.
std::string fork_text(const BootDiff& diff);

// "aligned 11 of 13 steps; normalised: 2 MAC addresses, 9 xids".
std::string aligned_text(const BootDiff& diff);

// One line for each of the files, by its name, that a snap length cut: how much of it, and that
// this was not compared. Empty when neither was.
std::vector<std::string> hidden_texts(const BootDiff& diff, const std::string& good_file,
                                      const std::string& bad_file);

// A pair of boots and its comparison, for reports.
struct ComparedBoots {
  std::string name;  // "52:54:00:12:34:56, arch 9 (UEFI x64)"
  const Boot* good = nullptr;
  const Boot* bad = nullptr;
  BootDiff diff;
};

struct DiffReport {
  std::string good_file;
  std::string bad_file;
  std::vector<ComparedBoots> pairs;
  std::vector<std::string> only_good;  // boots that have no partner
  std::vector<std::string> only_bad;
};

// schema pxeproof/diff/1.
std::string diff_json(const DiffReport& report);

}  // namespace pxeproof::trace
