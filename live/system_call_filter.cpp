#include "live/system_call_filter.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

namespace pxeproof::live {
namespace {

constexpr std::array kAllowed = {
    // Descriptors that are open.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close),
    SCMP_SYS(fcntl), SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
    SCMP_SYS(readlinkat),  // whether an open file has kept its name; no content can be read by it
    // Sockets that are open; connections to those that listen.
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(bind),
    // Waiting.
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(restart_syscall), SCMP_SYS(futex), SCMP_SYS(sched_yield),
    // Time, chance, who we are.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
    SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(getrusage), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Signals and the end.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rseq), SCMP_SYS(set_robust_list),
    SCMP_SYS(membarrier),
    // How the sanitizers of a test build find out whether an address may be read.
    SCMP_SYS(pipe), SCMP_SYS(pipe2)};

// What an HTTP server with threads takes besides.
constexpr std::array kOfTcpServer = {SCMP_SYS(listen),          SCMP_SYS(accept),
                                     SCMP_SYS(clone),           SCMP_SYS(clone3),
                                     SCMP_SYS(set_tid_address), SCMP_SYS(sched_getparam),
                                     SCMP_SYS(eventfd2),        SCMP_SYS(sched_getscheduler)};

// What list_network_interfaces and the neighbour table take, and isatty.
constexpr std::array<unsigned long, 7> kControls = {SIOCGARP, SIOCGIFMTU, SIOCGIFINDEX, SIOCGIFNAME,
                                                    TCGETS,   FIONREAD,   SIOCGIFHWADDR};

using Filter = std::unique_ptr<void, void (*)(void*)>;

class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  template <typename... Conditions>
  void allow(int call, Conditions... conditions) {
    const int added =
        seccomp_rule_add(filter_, SCMP_ACT_ALLOW, call, sizeof...(conditions), conditions...);
    // A call that this architecture does not have need not be allowed.
    if (added < 0 && added != -EDOM && added != -EINVAL) fault_ = -added;
  }
  int fault() const { return fault_; }

 private:
  scmp_filter_ctx filter_;
  int fault_ = 0;
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

}  // namespace

SystemResult<void> forbid_other_system_calls(Needs needs) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)), seccomp_release);
  if (!filter) return fail(error_of(ENOMEM, "seccomp"));
  Rules rules(filter.get());
  for (const int call : kAllowed) rules.allow(call);
  if (needs == Needs::TcpServer) {
    for (const int call : kOfTcpServer) rules.allow(call);
    rules.allow(SCMP_SYS(socket), equals(0, AF_INET), has_bits(1, 0xf, SOCK_STREAM));
    rules.allow(SCMP_SYS(prctl), equals(0, PR_SET_NAME));
  }
  for (const unsigned long control : kControls) rules.allow(SCMP_SYS(ioctl), equals(1, control));
  // fstat is this call in newer C libraries.
  rules.allow(SCMP_SYS(newfstatat), has_bits(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
  // What interfaces there are is asked through netlink, and their MTU through any UDP socket.
  rules.allow(SCMP_SYS(socket), equals(0, AF_NETLINK));
  rules.allow(SCMP_SYS(socket), equals(0, AF_INET), has_bits(1, 0xf, SOCK_DGRAM));
  rules.allow(SCMP_SYS(mmap), has_bits(2, PROT_EXEC, 0));
  rules.allow(SCMP_SYS(mprotect), has_bits(2, PROT_EXEC, 0));
  // abort() sends itself a signal.
  rules.allow(SCMP_SYS(tgkill), equals(0, static_cast<std::uint64_t>(getpid())));
  rules.allow(SCMP_SYS(prlimit64), equals(2, 0));
  if (rules.fault() != 0) return fail(error_of(rules.fault(), "seccomp: rules"));
  if (const int loaded = seccomp_load(filter.get()); loaded != 0) {
    return fail(error_of(-loaded, "seccomp", "this container or kernel forbids it"));
  }
  return {};
}

}  // namespace pxeproof::live
