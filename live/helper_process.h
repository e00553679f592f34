#pragma once

#include <sys/types.h>

#include <functional>

#include "live/system_error.h"

namespace pxeproof::live {

// Forks a process that does one job for this one and ends when its connection to it ends, which the
// job watches. Signals meant for the command (Ctrl-C, SIGTERM, SIGHUP) do not reach the job. The
// result of the job is its exit code.
SystemResult<pid_t> start_helper(const std::function<int()>& job);

}  // namespace pxeproof::live
