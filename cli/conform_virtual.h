#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/mutant.h"
#include "conformance/case_station.h"
#include "conformance/plan.h"
#include "conformance/result.h"

namespace pxeproof::cli {

// Where cases and servers of the suite live: one network for all targets.
conformance::Setting conformance_setting(std::uint64_t seed);

// What an ended case was and did; the frames are for its capture.
using OnCase = std::function<void(const conformance::Case& subject, conformance::CaseResult result,
                                  const std::vector<conformance::CaseFrame>& frames)>;

struct VirtualRunOptions {
  std::uint64_t seed = 1;
  std::size_t at_once = 200;
  std::filesystem::path fixture{};  // the directory that holds the root
  bool has_foreign_files = true;
  const Mutant* mutant = nullptr;
};

// Runs one instance's cases against our server in virtual time.
Outcome<void> run_virtual_instance(const conformance::Instance& instance,
                                   const VirtualRunOptions& options, const OnCase& on_case);

// The verdict of an ended case, before any baseline.
conformance::CaseResult result_of(const conformance::Case& subject,
                                  const conformance::Outcome& outcome, Duration took);

// What the setting is able to do beyond what is probed.
void add_local_abilities(conformance::Setting& setting, bool has_foreign_files);

}  // namespace pxeproof::cli
