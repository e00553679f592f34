#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/conform_run.h"
#include "cli/failure.h"
#include "conformance/case.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

// What `pxeproof conform` was asked to do.
struct ConformOptions {
  std::vector<std::string> filter{};
  std::vector<const conformance::Case*> cases{};
  std::vector<conformance::TargetFile> targets{};
  std::vector<std::string> target_words{};  // how each was named
  ConformRunOptions run{};
  bool strict = false;  // pass~ counts as a failure
  enum class Baseline { Shipped, None, File } baseline = Baseline::Shipped;
  std::string baseline_file{};
  bool update_baseline = false;
  bool show_all = false;
  bool github = false;
  std::string json{};
  std::string junit{};
  std::string markdown{};
};

// What conform does by its words and options.
enum class ConformWork { Suite, Replay, InterfaceReplay, Case, List, Other };
ConformWork conform_work(const Arguments& arguments);

// Refuses options, and words, that say nothing about this work: whoever gives them would believe
// that they were heeded.
Outcome<void> check_belonging(const Arguments& arguments);

Outcome<ConformOptions> read_conform_options(const Arguments& arguments);

// A target by its name or from a file.
Outcome<conformance::TargetFile> load_target(const std::string& name_or_file);

}  // namespace pxeproof::cli
