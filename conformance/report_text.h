#pragma once

#include <string>

#include "conformance/result.h"

namespace pxeproof::conformance {

enum class Detail { OneScreen, All };

// Everything below is text for a terminal, without colour.

// The group table of one target.
std::string group_table(const TargetResult& result);
// The failures of one target, in full as many as fit a screen.
std::string failure_blocks(const TargetResult& result, Detail detail);
// One failure: what was sent, expected and seen, and the command that shows it again.
std::string failure_block(const TargetResult& target, const CaseResult& result);
// Cases against targets, groups only.
std::string matrix(const Run& run);
// The totals and what they do not mean.
std::string totals(const TargetResult& result);
inline constexpr const char* kClaimBoundary =
    "passing means: these cases held for this version and configuration. It is no certificate; "
    "not covered: HTTP boot, IPv6, MTFTP.";

// What a case is, for `explain`.
std::string explain_case(const Case& subject);

}  // namespace pxeproof::conformance
