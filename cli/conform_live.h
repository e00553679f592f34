#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/conform_virtual.h"
#include "cli/failure.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

// The version that a target says it has; empty when it does not say.
Outcome<std::string> version_of(const conformance::TargetFile& target);

struct LiveRunOptions {
  conformance::TargetFile target{};
  std::uint64_t seed = 1;
  std::size_t at_once = 40;
  const Mutant* mutant = nullptr;  // of the builtin target
  // A case that was in progress, beside others, when the target died: which of them it was can be
  // told only with a target of its own.
  std::function<void(const conformance::Case& subject)> on_unclear{};
};

// What an instance found out besides verdicts.
struct LiveInstanceNotes {
  std::vector<std::string> abilities{};
  std::vector<std::string> lines{};
};

// Runs one instance's cases against a server of its own, in real time. To be called inside
// live::run_in_private_namespaces.
Outcome<LiveInstanceNotes> run_live_instance(const conformance::Instance& instance,
                                             const LiveRunOptions& options, const OnCase& on_case);

}  // namespace pxeproof::cli
