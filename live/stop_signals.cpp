#include "live/stop_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace pxeproof::live {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

}  // namespace

SystemResult<StopSignals> StopSignals::create() {
  const sigset_t set = watched_signals();
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return fail(last_error("signals: cannot block them"));
  }
  FileDescriptor signals(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.is_open()) {
    return fail(last_error("signals: signalfd"));
  }
  return StopSignals(std::move(signals));
}

StopSignals::~StopSignals() {
  // Who was told to stop is on its way out: what the terminal sends to the whole group, and a
  // parent hands on besides, must not cut off its last words.
  if (signals_.is_open() && !stop_) {
    const sigset_t set = watched_signals();
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
  }
}

Activity StopSignals::on_wake(Instant) {
  signalfd_siginfo info{};
  while (read(signals_.number(), &info, sizeof info) == ssize_t{sizeof info}) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGINT || signal == SIGTERM) stop_ = signal;
    if (signal == SIGHUP) reload_ = true;
    if (signal == SIGUSR1) report_ = true;
  }
  return Activity::Idle;
}

bool StopSignals::take_reload() { return std::exchange(reload_, false); }
bool StopSignals::take_report() { return std::exchange(report_, false); }

}  // namespace pxeproof::live
