#pragma once

#include <string>

#include "cli/exit_code.h"
#include "protocol/result.h"

namespace pxeproof::cli {

// Why a verb cannot go on: one or more whole lines "what:where: problem, and what to do", and its
// exit code.
struct Failure {
  ExitCode code = ExitCode::WrongUsage;
  std::string message;
};

template <typename T>
using Outcome = Result<T, Failure>;

inline auto wrong_usage(std::string message) {
  return fail(Failure{ExitCode::WrongUsage, std::move(message)});
}

inline auto environment_failed(std::string message) {
  return fail(Failure{ExitCode::EnvironmentFailed, std::move(message)});
}

}  // namespace pxeproof::cli
