#include "live/private_namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace pxeproof::live {
namespace {

constexpr int kNamespaces = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID;

constexpr const char* kMachineQueueFrames = "512";

// How a run ends, from init or the holder to the caller: one record through a pipe.
struct EndRecord {
  enum class Kind { Exited, Failed };
  Kind kind = Kind::Failed;
  int code = 0;     // wait status or errno
  char text[1024];  // Failed: the sentence
};

SystemResult<void> write_setting(const char* path, const std::string& value) {
  const FileDescriptor file(open(path, O_WRONLY | O_CLOEXEC));
  if (!file.is_open() ||
      write(file.number(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return fail(last_error(path));
  }
  return {};
}

std::string read_setting(const char* path) {
  std::ifstream file(path);
  std::string value;
  file >> value;
  return value;
}

// Why the kernel refused a user namespace, as far as its settings tell.
std::string what_grants_it() {
  if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == "0") {
    return "run as root, or: sysctl kernel.unprivileged_userns_clone=1";
  }
  if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    return "run as root, or: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (read_setting("/proc/sys/user/max_user_namespaces") == "0") {
    return "run as root, or: sysctl user.max_user_namespaces=1000";
  }
  return "run as root, or in a container that allows user namespaces "
         "(docker run --security-opt seccomp=unconfined)";
}

SystemResult<void> unshare_all() {
  if (unshare(kNamespaces) == 0) {
    return {};
  }
  if (errno != EPERM) {
    return fail(last_error("private lab: cannot make namespaces"));
  }
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | kNamespaces) != 0) {
    return fail(last_error("private lab: cannot make a user namespace", what_grants_it()));
  }
  // user_namespaces(7): setgroups has to be given up before an ordinary user may map a group.
  if (auto denied = write_setting("/proc/self/setgroups", "deny"); !denied) {
    return denied;
  }
  if (auto mapped = write_setting("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
      !mapped) {
    return mapped;
  }
  return write_setting("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
}

SystemResult<void> prepare_inside() {
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return fail(last_error("private lab: cannot make its mounts private"));
  }
  // Without it only tools that look other processes up are confused; a container may forbid it.
  mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  for (const char* setting : {"/proc/sys/net/ipv6/conf/all/disable_ipv6",
                              "/proc/sys/net/ipv6/conf/default/disable_ipv6"}) {
    if (access(setting, F_OK) == 0) {
      if (auto written = write_setting(setting, "1"); !written) {
        return written;
      }
    }
  }
  // A virtual machine's network card is a datagram socket that by default takes ten frames at most.
  if (auto written = write_setting("/proc/sys/net/unix/max_dgram_qlen", kMachineQueueFrames);
      !written) {
    return written;
  }
  const FileDescriptor socket_of_any_kind(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP;
  if (ioctl(socket_of_any_kind.number(), SIOCSIFFLAGS, &request) != 0) {
    return fail(last_error("private lab: cannot start its loopback interface"));
  }
  return {};
}

void tell_end(int end_pipe, const EndRecord& record) {
  if (write(end_pipe, &record, sizeof record) != ssize_t{sizeof record}) {
    _exit(1);  // Nobody is left to be told.
  }
}

[[noreturn]] void tell_failure(int end_pipe, const SystemError& error) {
  EndRecord record{};
  record.kind = EndRecord::Kind::Failed;
  record.code = error.code;
  std::strncpy(record.text, error.message.c_str(), sizeof record.text - 1);
  tell_end(end_pipe, record);
  _exit(1);
}

class ForwardedSignals {
 public:
  ForwardedSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      sigaddset(&set_, signal);
    }
    sigprocmask(SIG_BLOCK, &set_, &before_);
    descriptor_ = FileDescriptor(signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ForwardedSignals(const ForwardedSignals&) = delete;
  ForwardedSignals& operator=(const ForwardedSignals&) = delete;
  ~ForwardedSignals() { restore(); }

  void restore() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  // Waits for the child, handing on to it every signal that a process sent; what the terminal sends
  // it gets by itself. Returns early when alive (the read end of a pipe) is hung up.
  void wait_for(pid_t child, std::optional<int> alive) const {
    const FileDescriptor process = watch_process(child);
    for (;;) {
      std::array<pollfd, 3> wakers{{{.fd = process.number(), .events = POLLIN, .revents = 0},
                                    {.fd = descriptor_.number(), .events = POLLIN, .revents = 0},
                                    {.fd = alive.value_or(-1), .events = POLLIN, .revents = 0}}};
      if (poll(wakers.data(), wakers.size(), -1) < 0 && errno != EINTR) {
        return;
      }
      if (wakers[0].revents != 0 || wakers[2].revents != 0) {
        return;
      }
      signalfd_siginfo info{};
      while (read(descriptor_.number(), &info, sizeof info) == ssize_t{sizeof info}) {
        if (info.ssi_code <= 0) {
          kill(child, static_cast<int>(info.ssi_signo));
        }
      }
    }
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
  FileDescriptor descriptor_;
};

// PID 1: starts body, and takes everything with it when body or the caller ends.
[[noreturn]] void run_init(const std::function<int()>& body, ForwardedSignals& signals,
                           int end_pipe, int alive) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (auto prepared = prepare_inside(); !prepared) {
    tell_failure(end_pipe, prepared.error());
  }
  const pid_t worker = fork();
  if (worker < 0) {
    tell_failure(end_pipe, last_error("private lab: fork"));
  }
  if (worker == 0) {
    signals.restore();
    const int code = body();
    std::fflush(nullptr);
    _exit(code);
  }
  setpgid(0, 0);
  for (;;) {
    signals.wait_for(worker, alive);
    int status = 0;
    const pid_t ended = waitpid(worker, &status, WNOHANG);
    if (ended == worker) {
      EndRecord record{};
      record.kind = EndRecord::Kind::Exited;
      record.code = status;
      tell_end(end_pipe, record);
      _exit(0);
    }
    pollfd hung_up{.fd = alive, .events = POLLIN, .revents = 0};
    if (poll(&hung_up, 1, 0) > 0) {
      _exit(1);
    }
  }
}

// Makes the namespaces and the first process in them; only its children are in the new PID
// namespace.
[[noreturn]] void run_holder(const std::function<int()>& body, ForwardedSignals& signals,
                             FileDescriptor& end_pipe, FileDescriptor& alive) {
  if (auto unshared = unshare_all(); !unshared) {
    tell_failure(end_pipe.number(), unshared.error());
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const pid_t init = fork();
  if (init < 0) {
    tell_failure(end_pipe.number(), last_error("private lab: fork"));
  }
  if (init == 0) {
    run_init(body, signals, end_pipe.number(), alive.number());
  }
  setpgid(0, 0);
  end_pipe.close();
  signals.wait_for(init, alive.number());
  _exit(0);
}

}  // namespace

SystemResult<Exit> run_in_private_namespaces(const std::function<int()>& body) {
  std::array<int, 2> end{};
  std::array<int, 2> life{};
  if (pipe2(end.data(), O_CLOEXEC) != 0 || pipe2(life.data(), O_CLOEXEC) != 0) {
    return fail(last_error("private lab: pipe"));
  }
  FileDescriptor end_reader(end[0]);
  FileDescriptor end_writer(end[1]);
  FileDescriptor alive_reader(life[0]);
  FileDescriptor alive_writer(life[1]);
  ForwardedSignals signals;
  std::fflush(nullptr);
  const pid_t holder = fork();
  if (holder < 0) {
    return fail(last_error("private lab: fork"));
  }
  if (holder == 0) {
    end_reader.close();
    alive_writer.close();
    run_holder(body, signals, end_writer, alive_reader);
  }
  end_writer.close();
  alive_reader.close();
  signals.wait_for(holder, std::nullopt);
  int status = 0;
  while (waitpid(holder, &status, 0) < 0 && errno == EINTR) {
  }
  EndRecord record{};
  if (read(end_reader.number(), &record, sizeof record) != ssize_t{sizeof record}) {
    return Exit{.code = 0, .signal = SIGKILL};  // Somebody killed holder or init.
  }
  if (record.kind == EndRecord::Kind::Failed) {
    return fail(SystemError{.code = record.code, .message = record.text});
  }
  if (WIFSIGNALED(record.code)) {
    return Exit{.code = 0, .signal = WTERMSIG(record.code)};
  }
  return Exit{.code = WEXITSTATUS(record.code), .signal = std::nullopt};
}

}  // namespace pxeproof::live
