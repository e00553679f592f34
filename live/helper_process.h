#pragma once

#include <sys/types.h>

#include <functional>
#include <set>

#include "live/socket_file.h"
#include "live/system_error.h"

namespace pxeproof::live {

// Forks a process that does one job for this one and ends when its connection to it ends, which the
// job watches. Signals meant for the command (Ctrl-C, SIGTERM, SIGHUP) do not reach the job. The
// result of the job is its exit code. Of this process's descriptors it has standard output and
// error and those that are named.
SystemResult<pid_t> start_helper(const std::function<int()>& job, std::set<int> kept);

// While this lives, the process ends when the other end of a connected socket is closed, whatever
// it waits for then, and takes a file with it (nullptr: none), which must outlive this; one in a
// process at a time. The kernel's own signal at a parent's end (PR_SET_PDEATHSIG) would not do: a
// parent that has given up its rights may not send it to a helper that keeps them.
class EndsWithPeer {
 public:
  explicit EndsWithPeer(int socket, const SocketFile* file = nullptr);
  ~EndsWithPeer();
  EndsWithPeer(const EndsWithPeer&) = delete;
  EndsWithPeer& operator=(const EndsWithPeer&) = delete;

 private:
  int socket_;
};

}  // namespace pxeproof::live
