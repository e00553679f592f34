#include "live/helper_process.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace pxeproof::live {

SystemResult<pid_t> start_helper(const std::function<int()>& job) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return fail(last_error("helper process"));
  if (pid > 0) return pid;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int code = job();
  std::fflush(nullptr);
  _exit(code);
}

}  // namespace pxeproof::live
