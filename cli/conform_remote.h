#pragma once

#include <string>
#include <vector>

#include "cli/conform_run.h"
#include "cli/failure.h"
#include "conformance/result.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

// Runs the cases that may be sent anywhere against a server on a real network, one after the other,
// as the same few hosts. Says beforehand what it is going to send.
Outcome<conformance::TargetResult> run_remote(const conformance::TargetFile& target,
                                              const std::vector<const conformance::Case*>& cases,
                                              const ConformRunOptions& options);

}  // namespace pxeproof::cli
