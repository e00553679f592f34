#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/result.h"
#include "protocol/result.h"

namespace pxeproof::conformance {

// What is known to be wrong with a server of certain versions. The observation is part of it: a
// different wrong answer is a new failure.
struct Baseline {
  struct Known {
    std::vector<std::string> seen{};  // one of these
    std::string why{};
    std::string since{};
  };
  std::string name{};    // for messages
  std::string target{};  // the name of the target
  std::vector<std::string> versions{};
  std::map<std::string, Known> known{};  // by case id

  bool is_for(std::string_view target_name, std::string_view version) const;
};

// The error is "origin:line: what".
Result<Baseline, std::string> read_baseline(std::string_view text, const std::string& origin);

// The one that is compiled in for a target of that version; nullopt when there is none.
std::optional<Baseline> builtin_baseline(std::string_view target, std::string_view version);

// Compares the verdicts with what is known: fail becomes xfail, pass becomes XPASS.
void apply_baseline(const Baseline& baseline, TargetResult& result);

// The text of a baseline that knows all failures of a run, keeping what an earlier one says of
// them.
std::string write_baseline(const TargetResult& result, const Baseline* earlier);

}  // namespace pxeproof::conformance
