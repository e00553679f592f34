#include "live/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr std::size_t kMaximumLines = 100'000;  // older ones are forgotten
constexpr std::size_t kMaximumLine = 16384;
constexpr std::size_t kReadSize = 16384;
constexpr int kFailedToStart = 127;
constexpr std::string_view kSystemPath =
    ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Pipe {
  FileDescriptor reader;
  FileDescriptor writer;
};

SystemResult<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(last_error("pipe"));
  }
  return Pipe{.reader = FileDescriptor(ends[0]), .writer = FileDescriptor(ends[1])};
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) {
    std::signal(signal, SIG_DFL);
  }
}

// First in the child, and again when its credentials may have changed, which clears it (prctl(2)).
void die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(kFailedToStart);
  }
}

[[noreturn]] void report_and_exit(int error_pipe, const SystemError& error) {
  std::array<char, 4096> record{};
  std::memcpy(record.data(), &error.code, sizeof error.code);
  const std::size_t length = std::min(error.message.size(), record.size() - sizeof error.code);
  std::memcpy(record.data() + sizeof error.code, error.message.data(), length);
  if (write(error_pipe, record.data(), sizeof error.code + length) < 0) {
    _exit(kFailedToStart + 1);
  }
  _exit(kFailedToStart);
}

// What report_and_exit wrote; nullopt when the pipe just ended: the child is on its way.
std::optional<SystemError> read_report(int error_pipe) {
  std::array<char, 4096> record{};
  ssize_t size = 0;
  do {
    size = read(error_pipe, record.data(), record.size());
  } while (size < 0 && errno == EINTR);
  SystemError error;
  if (size < static_cast<ssize_t>(sizeof error.code)) {
    return std::nullopt;
  }
  std::memcpy(&error.code, record.data(), sizeof error.code);
  error.message.assign(record.data() + sizeof error.code,
                       static_cast<std::size_t>(size) - sizeof error.code);
  return error;
}

std::string find_program(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return program;
  }
  const char* variable = std::getenv("PATH");
  std::string path = variable != nullptr ? variable : "";
  path += kSystemPath;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string candidate = path.substr(begin, end - begin) + "/" + program;
    if (end > begin && access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
    begin = end + 1;
  }
  return program;
}

SystemError execute(const Command& command) {
  const std::string program = find_program(command.program);
  std::vector<std::string> words{command.program};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  for (const int number : command.inherited) {
    fcntl(number, F_SETFD, 0);
  }
  execv(program.c_str(), pointers.data());
  return last_error(command.program, errno == ENOENT ? "install it, or put it on the PATH" : "");
}

}  // namespace

std::string to_string(const Exit& exit) {
  if (exit.signal) {
    const char* name = sigabbrev_np(*exit.signal);
    return "ended by SIG" + std::string(name != nullptr ? name : "?");
  }
  return "ended with exit code " + std::to_string(exit.code);
}

// glibc 2.36 declares pidfd_open without C linkage: C++ programs do not find it.
FileDescriptor watch_process(pid_t pid) {
  return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
}

SystemResult<ChildProcess> ChildProcess::start(const Command& command, const Preparation& prepare) {
  return launch([&command](FileDescriptor&) -> SystemResult<int> { return fail(execute(command)); },
                prepare, -1);
}

SystemResult<ChildProcess> ChildProcess::start(const std::function<int()>& body,
                                               const Preparation& prepare) {
  return launch(
      [&body](FileDescriptor& error_pipe) -> SystemResult<int> {
        error_pipe.close();
        return body();
      },
      prepare, -1);
}

SystemResult<ChildProcess> ChildProcess::launch(const Work& work, const Preparation& prepare,
                                                int input) {
  auto output = make_pipe();
  auto report = make_pipe();
  if (!output || !report) {
    return fail(last_error("child process: pipe"));
  }
  FileDescriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const pid_t parent = getpid();
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) {
    return fail(last_error("child process: fork"));
  }
  if (pid == 0) {
    die_with(parent);
    setpgid(0, 0);  // Ctrl-C is for the command; it then ends its children in order.
    reset_signals();
    const int error_pipe = report->writer.number();
    dup2(input >= 0 ? input : nothing.number(), STDIN_FILENO);
    dup2(output->writer.number(), STDOUT_FILENO);
    dup2(output->writer.number(), STDERR_FILENO);
    // Of its own: the inherited buffer was set up to be written when it is full.
    static std::array<char, BUFSIZ> line_buffer;
    std::setvbuf(stdout, line_buffer.data(), _IOLBF, line_buffer.size());
    if (prepare) {
      if (auto prepared = prepare(); !prepared) {
        report_and_exit(error_pipe, prepared.error());
      }
      die_with(parent);
    }
    const auto code = work(report->writer);
    if (!code) {
      report_and_exit(error_pipe, code.error());
    }
    std::fflush(nullptr);
    _exit(*code);
  }
  output->writer.close();
  report->writer.close();
  ChildProcess child;
  child.pid_ = pid;
  child.process_ = watch_process(pid);
  child.output_ = std::move(output->reader);
  child.events_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  fcntl(child.output_.number(), F_SETFL, O_NONBLOCK);
  for (const int number : {child.process_.number(), child.output_.number()}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(child.events_.number(), EPOLL_CTL_ADD, number, &event) != 0) {
      return fail(last_error("child process: epoll"));
    }
  }
  if (auto error = read_report(report->reader.number())) {
    child.wait();
    return fail(std::move(*error));
  }
  return child;
}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    if (process_.is_open() && !exit_) {
      stop(Duration(0));
    }
    pid_ = other.pid_;
    process_ = std::move(other.process_);
    output_ = std::move(other.output_);
    events_ = std::move(other.events_);
    partial_line_ = std::move(other.partial_line_);
    lines_ = std::move(other.lines_);
    exit_ = other.exit_;
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  if (process_.is_open() && !exit_) {
    stop(Duration(0));
  }
}

void ChildProcess::read_output() {
  std::array<char, kReadSize> buffer{};
  while (output_.is_open()) {
    const ssize_t size = read(output_.number(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size < 0 && errno == EAGAIN) {
      break;
    }
    if (size <= 0) {
      output_.close();  // which takes it out of events_, too
      if (!partial_line_.empty()) {
        lines_.push_back(std::exchange(partial_line_, {}));
      }
      break;
    }
    for (const char letter : std::string_view(buffer.data(), static_cast<std::size_t>(size))) {
      if (letter != '\n') {
        partial_line_ += letter;
      }
      if (letter == '\n' || partial_line_.size() >= kMaximumLine) {
        lines_.push_back(std::exchange(partial_line_, {}));
      }
    }
  }
  if (lines_.size() > kMaximumLines) {
    lines_.erase(lines_.begin(), lines_.end() - kMaximumLines);
  }
}

std::vector<std::string> ChildProcess::take_lines() {
  read_output();
  return std::exchange(lines_, {});
}

// True when it is gone and its exit is known. No patience given: waits for ever.
bool ChildProcess::reap(std::optional<Duration> patience) {
  if (exit_) {
    return true;
  }
  const std::optional<Instant> until =
      patience ? std::optional<Instant>(now() + *patience) : std::nullopt;
  for (;;) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) {
      const Instant time = now();
      if (until && time >= *until) {
        return false;
      }
      read_output();  // A child that waits for us to read would never end.
      const Duration left = until ? *until - time : Duration(std::chrono::hours(1));
      pollfd wakers{.fd = events_.number(), .events = POLLIN, .revents = 0};
      const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
      poll(&wakers, 1, static_cast<int>(milliseconds));
      continue;
    }
    exit_ = info.si_code == CLD_EXITED ? Exit{.code = info.si_status, .signal = std::nullopt}
                                       : Exit{.code = 0, .signal = info.si_status};
    epoll_ctl(events_.number(), EPOLL_CTL_DEL, process_.number(), nullptr);
    read_output();
    return true;
  }
}

std::optional<Exit> ChildProcess::exit() {
  reap(Duration(0));
  return exit_;
}

void ChildProcess::send_signal(int signal) {
  if (!exit_) {
    syscall(SYS_pidfd_send_signal, process_.number(), signal, nullptr, 0);
  }
}

Exit ChildProcess::stop(Duration grace) {
  if (grace > Duration(0)) {
    send_signal(SIGTERM);
    if (reap(grace)) {
      return *exit_;
    }
  }
  send_signal(SIGKILL);
  return wait();
}

Exit ChildProcess::wait() {
  reap(std::nullopt);
  return *exit_;
}

Activity ChildProcess::on_wake(Instant) {
  read_output();
  reap(Duration(0));
  return Activity::Idle;
}

SystemResult<std::vector<std::string>> run_to_end(const Command& command,
                                                  const ChildProcess::Preparation& prepare,
                                                  std::string_view input) {
  FileDescriptor text(memfd_create("input", MFD_CLOEXEC));
  if (!text.is_open() ||
      write(text.number(), input.data(), input.size()) != static_cast<ssize_t>(input.size()) ||
      lseek(text.number(), 0, SEEK_SET) != 0) {
    return fail(last_error(command.program + ": cannot prepare its input"));
  }
  auto child = ChildProcess::launch(
      [&command](FileDescriptor&) -> SystemResult<int> { return fail(execute(command)); }, prepare,
      text.number());
  if (!child) {
    return fail(std::move(child.error()));
  }
  const Exit exit = child->wait();
  auto lines = child->take_lines();
  if (!exit.is_success()) {
    std::string message = command.program + ": " + to_string(exit);
    for (const std::string& line : lines) {
      message += ": " + line;
    }
    return fail(SystemError{.code = 0, .message = std::move(message)});
  }
  return lines;
}

SystemResult<void> run_aside(const std::function<SystemResult<void>()>& body) {
  auto child = ChildProcess::start([] { return 0; }, body);
  if (!child) {
    return fail(std::move(child.error()));
  }
  if (const Exit exit = child->wait(); !exit.is_success()) {
    return fail(SystemError{.code = 0, .message = "forked child: " + to_string(exit)});
  }
  return {};
}

}  // namespace pxeproof::live
