#pragma once

#include <sys/types.h>

#include <functional>
#include <set>

#include "live/system_error.h"

namespace pxeproof::live {

// Forks a process that does one job for this one and ends when its connection to it ends, which the
// job watches. Signals meant for the command (Ctrl-C, SIGTERM, SIGHUP) do not reach the job. The
// result of the job is its exit code. Of this process's descriptors it has standard output and
// error and those that are named.
SystemResult<pid_t> start_helper(const std::function<int()>& job, std::set<int> kept);

}  // namespace pxeproof::live
