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

// While this lives, the helper is killed when its parent ends, whatever it waits for then. Changing
// users ends the protection early (prctl(2)).
class DiesWithParent {
 public:
  explicit DiesWithParent(pid_t parent);
  ~DiesWithParent();
  DiesWithParent(const DiesWithParent&) = delete;
  DiesWithParent& operator=(const DiesWithParent&) = delete;
};

}  // namespace pxeproof::live
