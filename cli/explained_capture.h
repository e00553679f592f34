#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "firmware/fingerprint.h"
#include "trace/boot_grouper.h"
#include "trace/rules/rule.h"

namespace pxeproof::cli {

// The boots of a capture, each with what its packets mean.
struct ExplainedCapture {
  std::string path;
  trace::CaptureTotals totals;
  std::uint64_t cut_frames = 0;      // by the snap length
  std::uint64_t foreign_frames = 0;  // of link layers that are not known
  std::uint64_t moved_frames = 0;    // that stood behind later ones, and were sorted
  std::string damage;                // the file ends in the middle; empty when it is whole
  std::deque<trace::Boot> boots;     // by their beginning
  std::vector<trace::Explanation> explanations;
  std::uint64_t more_boots = 0;  // beyond what is kept
  std::uint64_t more_faults = 0;

  bool has_fault() const;
};

struct ExplainOptions {
  std::optional<firmware::Family> as;  // instead of each boot's own guess
  std::size_t kept_boots = 256;        // of more, only the numbers
  std::size_t kept_steps = 100'000;
};

// Reads and explains. A file that cannot be read at all is a failure.
Outcome<ExplainedCapture> explain_capture(const std::string& path, const ExplainOptions& options);

// The command that boots a like machine: `pxeproof boot ...`.
std::string verify_command(const trace::Boot& boot, std::string_view until);

}  // namespace pxeproof::cli
