#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "live/child_process.h"
#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/private_namespaces.h"

namespace pxeproof::live {

// Runs a test's body in namespaces of its own; what it prints and expects fails the test here.
inline void in_private_network(const std::function<void()>& body) {
  auto ended = run_in_private_namespaces([&body] {
    body();
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  if (!ended && ended.error().is_permission()) GTEST_SKIP() << ended.error().message;
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success()) << to_string(*ended);
}

// `pxeproof serve` as a user would run it.
class ServedProgram {
 public:
  explicit ServedProgram(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "serve");
    auto started = ChildProcess::start(
        Command{.program = PXEPROOF_PROGRAM, .arguments = std::move(arguments), .inherited = {}});
    if (!started) {
      ADD_FAILURE() << started.error().message;
      return;
    }
    process_.emplace(std::move(*started));
    EXPECT_TRUE(wait_for("serving, seed")) << log;
  }

  // Reads the log on until a line with the text comes that was not waited for before.
  bool wait_for(const std::string& text) {
    auto loop = EventLoop::create();
    if (!process_ || !loop || !loop->add(*process_)) return false;
    std::size_t found = std::string::npos;
    const auto end = loop->run(
        [&] {
          for (const std::string& line : process_->take_lines()) log += line + "\n";
          found = log.find(text, heard_);
          return found != std::string::npos || process_->exit();
        },
        now() + std::chrono::seconds(60));
    loop->remove(*process_);
    if (found == std::string::npos) return false;
    heard_ = found + text.size();
    return end.has_value();
  }

  // Reads what it has written, which it would wait for at some point.
  void hear() {
    process_->on_wake(now());
    for (const std::string& line : process_->take_lines()) log += line + "\n";
  }

  void send_signal(int signal) { process_->send_signal(signal); }
  Exit wait() { return process_->wait(); }
  pid_t pid() const { return process_->pid(); }

  std::string log;

 private:
  std::optional<ChildProcess> process_;
  std::size_t heard_ = 0;
};

}  // namespace pxeproof::live
