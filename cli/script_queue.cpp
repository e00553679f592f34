#include "cli/script_queue.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "live/child_process.h"
#include "live/confinement.h"
#include "live/helper_process.h"

namespace pxeproof::cli {

namespace {

using server::ScriptCall;
using Waiting = live::MessageChannel::Waiting;
using Sent = live::MessageChannel::Outcome;

constexpr std::size_t kMaximumReport = live::MessageChannel::kMaximumOctets / 2;

// A call is a list of words, each a letter for what it is and a NUL behind it: none can hold one.
enum class Word : char { Argument = 'a', Variable = 'e', OtherPath = 'o' };

void append(Bytes& octets, Word kind, std::string_view text) {
  octets.push_back(static_cast<std::uint8_t>(kind));
  for (const char letter : text) {
    if (letter != '\0') octets.push_back(static_cast<std::uint8_t>(letter));
  }
  octets.push_back(0);
}

Bytes encode(const ScriptCall& call) {
  Bytes octets;
  for (const std::string& argument : call.arguments) append(octets, Word::Argument, argument);
  for (const auto& [name, value] : call.environment) {
    append(octets, Word::Variable, fmt::format("{}={}", name, value));
  }
  if (!call.other_path.empty()) append(octets, Word::OtherPath, call.other_path);
  return octets;
}

ScriptCall decode(ByteView octets) {
  ScriptCall call;
  std::string text = as_text(octets);
  std::string_view left = text;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\0'), left.size());
    const std::string_view word = left.substr(1, end - 1);
    switch (static_cast<Word>(left.front())) {
      case Word::Argument:
        call.arguments.emplace_back(word);
        break;
      case Word::Variable: {
        const std::size_t equals = std::min(word.find('='), word.size());
        call.environment.emplace_back(word.substr(0, equals),
                                      word.substr(std::min(equals + 1, word.size())));
        break;
      }
      case Word::OtherPath:
        call.other_path = std::string(word);
        break;
    }
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return call;
}

// The process beside the server.
class ScriptRunner {
 public:
  ScriptRunner(live::MessageChannel channel, std::string program,
               std::optional<live::UserIdentity> user)
      : channel_(std::move(channel)), program_(std::move(program)), user_(std::move(user)) {}

  int serve() {
    live::MessageChannel::Message message;
    while (channel_.receive(message, Waiting::Allowed) == Sent::Done) {
      const std::string report = run(decode(message.octets)).substr(0, kMaximumReport);
      Bytes octets{0};  // a message is never empty
      octets.insert(octets.end(), report.begin(), report.end());
      channel_.send(octets, {}, Waiting::Allowed);
    }
    return 0;
  }

 private:
  // What it wrote, and how it ended where that is no success.
  std::string run(ScriptCall call) {
    if (!call.other_path.empty() && access(call.arguments.back().c_str(), F_OK) != 0) {
      call.arguments.back() = call.other_path;
    }
    const auto prepare = [&]() -> live::SystemResult<void> {
      for (const auto& [name, value] : call.environment) setenv(name.c_str(), value.c_str(), 1);
      if (chdir("/") != 0) return fail(live::last_error("/"));
      return user_ ? live::become(*user_) : live::SystemResult<void>{};
    };
    auto process = live::ChildProcess::start(
        live::Command{.program = program_, .arguments = call.arguments}, prepare);
    if (!process) return "dhcp-script: " + process.error().message;
    auto loop = live::EventLoop::create({.spin = Duration{}});
    if (!loop || !loop->add(*process)) return "dhcp-script: cannot be waited for";
    static_cast<void>(loop->run([&] { return process->exit().has_value(); }));
    std::string report;
    for (const std::string& line : process->take_lines()) {
      report += (report.empty() ? "" : "\n") + line;
    }
    const live::Exit exit = *process->exit();
    loop->remove(*process);
    if (exit.is_success()) return report;
    return fmt::format("{}{}dhcp-script {} {}", report, report.empty() ? "" : "\n", program_,
                       to_string(exit));
  }

  live::MessageChannel channel_;
  std::string program_;
  std::optional<live::UserIdentity> user_;
};

}  // namespace

Outcome<std::unique_ptr<ScriptQueue>> ScriptQueue::start(const server::ScriptConfiguration& script,
                                                         Tell tell) {
  std::optional<live::UserIdentity> user;
  if (!script.user.empty() && geteuid() == 0) {
    auto found = live::find_user(script.user, "");
    if (!found) return wrong_usage("dhcp-scriptuser: " + found.error().message);
    user = std::move(*found);
  }
  auto pair = live::MessageChannel::create_pair();
  if (!pair) return environment_failed(pair.error().message);
  std::optional<live::MessageChannel> ours(std::move(pair->first));
  std::optional<live::MessageChannel> theirs(std::move(pair->second));
  const auto started = live::start_helper(
      [&] { return ScriptRunner(std::move(*theirs), script.program, std::move(user)).serve(); },
      {theirs->descriptor()});
  if (!started) return environment_failed(started.error().message);
  return std::unique_ptr<ScriptQueue>(
      new ScriptQueue(std::move(*ours), script.program, std::move(tell)));
}

void ScriptQueue::add(ScriptCall call) {
  if (is_lost_) return;
  if (waiting_.size() >= kMaximumWaiting) {
    if (left_out_++ == 0)
      tell_("dhcp-script: too many runs wait for the program; some are left out");
    return;
  }
  waiting_.push_back(std::move(call));
  if (!is_running_) is_running_ = send_next();
}

bool ScriptQueue::send_next() {
  if (waiting_.empty()) return false;
  const Sent sent = channel_.send(encode(waiting_.front()), {}, Waiting::Forbidden);
  if (sent != Sent::Done) {
    is_lost_ = sent == Sent::Closed;
    return false;
  }
  waiting_.pop_front();
  return true;
}

void ScriptQueue::finish() {
  while (send_next()) {
  }
  if (!waiting_.empty()) {
    tell_(fmt::format("dhcp-script: {} runs are left out at the end", waiting_.size()));
  }
}

live::Activity ScriptQueue::on_wake(Instant /*now*/) {
  live::MessageChannel::Message message;
  for (;;) {
    const Sent received = channel_.receive(message, Waiting::Forbidden);
    if (received == Sent::WouldBlock) return live::Activity::Idle;
    if (received == Sent::Closed) {
      if (!std::exchange(is_lost_, true)) tell_("dhcp-script: the process that runs it is gone");
      return live::Activity::Idle;
    }
    const std::string report = as_text(ByteView(message.octets).subspan(1));
    for (std::size_t at = 0; at < report.size();) {
      const std::size_t end = std::min(report.find('\n', at), report.size());
      tell_("script: " + printable(report.substr(at, end - at)));
      at = end + 1;
    }
    is_running_ = send_next();
    if (!is_running_ && left_out_ > 0) {
      tell_(fmt::format("dhcp-script: {} runs were left out", std::exchange(left_out_, 0)));
    }
  }
}

}  // namespace pxeproof::cli
