#include "live/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
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

std::atomic<int> watched_socket{-1};
std::atomic<const SocketFile*> left_behind{nullptr};

// In a signal handler: calls nothing that could be half done.
void end_without_peer(int /*signal*/) {
  const int before = errno;
  pollfd peer{.fd = watched_socket.load(), .events = 0, .revents = 0};
  if (poll(&peer, 1, 0) > 0 && (peer.revents & POLLHUP) != 0) {
    if (const SocketFile* file = left_behind.load()) file->remove();
    _exit(1);
  }
  errno = before;
}

}  // namespace

SystemResult<pid_t> start_helper(const std::function<int()>& job, std::set<int> kept) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return fail(last_error("helper process"));
  if (pid > 0) return pid;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2}) {
    sigaddset(&signals, signal);
  }
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  close_others(kept);
  const int code = job();
  std::fflush(nullptr);
  _exit(code);
}

EndsWithPeer::EndsWithPeer(int socket, const SocketFile* file) : socket_(socket) {
  watched_socket = socket;
  left_behind = file;
  struct sigaction action {};
  action.sa_handler = end_without_peer;
  action.sa_flags = SA_RESTART;
  sigaction(SIGIO, &action, nullptr);
  fcntl(socket, F_SETOWN, getpid());
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_ASYNC);
  // It may have ended before anybody watched.
  end_without_peer(SIGIO);
}

EndsWithPeer::~EndsWithPeer() {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) & ~O_ASYNC);
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  sigaction(SIGIO, &action, nullptr);
}

}  // namespace pxeproof::live
