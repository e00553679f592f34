#include "live/helper_process.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <set>

namespace pxeproof::live {

namespace {

constexpr unsigned kFirstOther = 3;  // behind standard input, output and error

void close_others(const std::set<int>& kept) {
  unsigned from = kFirstOther;
  for (const int number : kept) {
    const auto each = static_cast<unsigned>(number);
    if (each > from) close_range(from, each - 1, 0);
    if (each >= from) from = each + 1;
  }
  close_range(from, ~0U, 0);
}

}  // namespace

SystemResult<pid_t> start_helper(const std::function<int()>& job, std::set<int> kept) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return fail(last_error("helper process"));
  if (pid > 0) return pid;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  close_others(kept);
  const int code = job();
  std::fflush(nullptr);
  _exit(code);
}

DiesWithParent::DiesWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have ended before anybody watched.
  if (getppid() != parent) _exit(1);
}

DiesWithParent::~DiesWithParent() { prctl(PR_SET_PDEATHSIG, 0); }

}  // namespace pxeproof::live
