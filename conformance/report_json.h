#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/result.h"
#include "protocol/result.h"

namespace pxeproof::conformance {

// The versioned schema that every report names; schemas/conform-1.json describes it.
inline constexpr std::string_view kSchema = "pxeproof/conform/1";

std::string write_json(const Run& run, std::string_view tool_version);
// The error is a sentence.
Result<Run, std::string> read_json(std::string_view text);

// One result as a line, for the processes that run instances; nullopt for other lines.
std::string write_line(const CaseResult& result);
std::optional<CaseResult> read_line(std::string_view line);

// A catalogue as JSON, for `list --json`.
std::string write_case_list(const std::vector<const Case*>& cases);

// What changed between two runs: verdicts and observations, a line each; empty: nothing.
struct Change {
  enum class Kind { Better, Worse, Other };
  Kind kind = Kind::Other;
  std::string text{};
};
std::vector<Change> compare(const Run& before, const Run& after);

}  // namespace pxeproof::conformance
