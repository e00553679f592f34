#pragma once

#include <span>
#include <string>

#include "cli/exit_code.h"

namespace pxeproof::cli {

// Each verb is handed the words behind its name, prints, and returns the exit code. One file per
// verb.
ExitCode run_boot(std::span<const std::string> words);
ExitCode run_diff(std::span<const std::string> words);
ExitCode run_conform(std::span<const std::string> words);
ExitCode run_explain(std::span<const std::string> words);
ExitCode run_fleet(std::span<const std::string> words);
ExitCode run_lab(std::span<const std::string> words);
ExitCode run_profile(std::span<const std::string> words);
ExitCode run_record(std::span<const std::string> words);
ExitCode run_serve(std::span<const std::string> words);

}  // namespace pxeproof::cli
