#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/mutant.h"
#include "conformance/case.h"
#include "conformance/result.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

struct ConformRunOptions {
  enum class Time { Fitting, Virtual, Real } time = Time::Fitting;  // builtin: virtual
  std::uint64_t seed = 1;
  std::size_t jobs = 6;  // instances at once, in real time
  std::string out{};     // where captures go; empty: nowhere
  const Mutant* mutant = nullptr;
  std::string interface {};  // of a remote target
  std::string clients{};     // the first of the free addresses there
  int verbosity = 0;
  // How far it is, for a progress line.
  std::function<void(std::size_t done, std::size_t all)> progress{};
};

// Runs the cases against one target. Verdicts are as seen; no baseline is applied.
Outcome<conformance::TargetResult> run_target(const conformance::TargetFile& target,
                                              const std::vector<const conformance::Case*>& cases,
                                              const ConformRunOptions& options);

}  // namespace pxeproof::cli
