#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"

namespace pxeproof::cli {

// Runs the suite against every mutant, or against those named, in virtual time, and tells which
// cases notice. A mutant that survives, a case that was to notice and did not, and a case that
// notices none are failures.
Outcome<ExitCode> run_mutant_matrix(const std::vector<std::string>& names);

}  // namespace pxeproof::cli
