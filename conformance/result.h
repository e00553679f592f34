#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

enum class Verdict {
  Pass,
  Loose,  // pass~: allowed, not preferred
  Fail,
  Skip,            // not offered, or not possible here; the reason says which
  ExpectedFail,    // xfail: known, with the same observation
  UnexpectedPass,  // XPASS: known as a failure, but it passed
  Error,           // the harness or its environment failed: no verdict about the server
};
std::string_view to_string(Verdict verdict);
// The word of a JSON report, and back.
std::string_view to_word(Verdict verdict);
const Verdict* find_verdict(std::string_view word);

// The outcome of one case against one target.
struct CaseResult {
  std::string id{};
  Verdict verdict = Verdict::Error;
  std::string answer{};   // the admissible answer seen
  std::string seen{};     // instead of it; the reason of a skip or an error
  std::string sent{};     // the last stimulus
  std::string known{};    // why the baseline expects it
  double seconds = 0;     // from the first packet to the verdict
  std::string capture{};  // the case's capture; empty: none
};

// All cases against one target.
struct TargetResult {
  std::string target{};  // its name
  std::string version{};
  std::string time{};         // "virtual" or "real"
  std::string baseline{};     // what the verdicts were compared with; empty: nothing
  std::string repeated_by{};  // what `pxeproof conform CASE` has to be told to see the same
  std::vector<std::string> abilities{};
  std::vector<std::string> notes{};  // such as a claim that the probe contradicts
  std::vector<CaseResult> cases{};
  double seconds = 0;        // of the light cases
  double heavy_seconds = 0;  // of the rest
};

struct Run {
  std::uint64_t seed = 1;
  std::vector<TargetResult> targets{};
};

struct Counts {
  std::size_t pass = 0, loose = 0, fail = 0, skip = 0, expected_fail = 0, unexpected_pass = 0,
              error = 0;
  std::size_t tested() const { return pass + loose + fail + expected_fail + unexpected_pass; }
};
Counts count(const std::vector<CaseResult>& results, std::string_view group = {});

}  // namespace pxeproof::conformance
