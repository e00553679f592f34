#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/event_loop.h"
#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/time.h"

namespace pxeproof::live {

// How a process ended: by itself with a code, or by a signal.
struct Exit {
  int code = 0;
  std::optional<int> signal{};

  bool is_success() const { return !signal && code == 0; }

  // As a shell reports it: the code, or 128 + signal.
  int shell_code() const { return signal ? 128 + *signal : code; }
};
std::string to_string(const Exit& exit);

// A descriptor that becomes readable when that process ends (pidfd). Not open when there is none.
FileDescriptor watch_process(pid_t pid);

// A program and its arguments; no shell is involved.
struct Command {
  std::string program;  // looked up in PATH (and the system directories) when it has no '/'
  std::vector<std::string> arguments{};
  std::vector<int> inherited{};  // descriptors that stay open, under their numbers
};

// A process of ours. It dies when its parent dies or when this object does. What it writes to
// standard output and error is collected line by line; its standard input is empty.
class ChildProcess : public EventSource {
 public:
  // Runs first in the child, before the program or the function: joining namespaces.
  using Preparation = std::function<SystemResult<void>()>;

  // Starts a program. A program that is not installed or a failed preparation is an error here, not
  // an exit later.
  static SystemResult<ChildProcess> start(const Command& command,
                                          const Preparation& prepare = nullptr);

  // Runs a function in a forked child; its result is the exit code.
  static SystemResult<ChildProcess> start(const std::function<int()>& body,
                                          const Preparation& prepare = nullptr);

  ChildProcess(ChildProcess&&) noexcept = default;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess() override;

  pid_t pid() const { return pid_; }

  // Lines since the last call, without their ends, standard output and error in order of arrival.
  std::vector<std::string> take_lines();

  // nullopt while it runs. Its last lines may still have to be taken. Reads none of them while it
  // runs: who asks between two waits would sleep beside lines that wake nobody any more.
  std::optional<Exit> exit();

  void send_signal(int signal);

  // SIGTERM, then SIGKILL after the grace period. Returns when it is gone.
  Exit stop(Duration grace = std::chrono::seconds(2));

  // Waits for it to end by itself.
  Exit wait();

  std::vector<int> descriptors() const override { return {events_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  ChildProcess() = default;

  // What a forked child does after its preparation: the exit code, or an error to bring home.
  // Closing the pipe tells the parent that no such error will come.
  using Work = std::function<SystemResult<int>(FileDescriptor& error_pipe)>;
  static SystemResult<ChildProcess> launch(const Work& work, const Preparation& prepare, int input);
  friend SystemResult<std::vector<std::string>> run_to_end(const Command&, const Preparation&,
                                                           std::string_view);
  void read_output();
  bool reap(std::optional<Duration> patience);

  pid_t pid_ = -1;
  FileDescriptor process_;  // pidfd
  FileDescriptor output_;
  FileDescriptor events_;  // epoll over the two, which forgets each when it has ended
  std::string partial_line_;
  std::vector<std::string> lines_;
  std::optional<Exit> exit_;
};

// Runs a program to its end; a failure to start or an exit other than 0 is an error that carries
// what it wrote. Standard input is the given text.
SystemResult<std::vector<std::string>> run_to_end(const Command& command,
                                                  const ChildProcess::Preparation& prepare,
                                                  std::string_view input = {});

// Runs a function in a forked child, for what may be done only in another namespace, and brings its
// error home.
SystemResult<void> run_aside(const std::function<SystemResult<void>()>& body);

}  // namespace pxeproof::live
