#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace pxeproof::live {

// Ends the process, with a message on standard error, when it lives longer than it may: for code
// under test that may never come back. Or says only that it waits.
class Watchdog {
 public:
  struct Options {
    std::chrono::seconds limit{120};   // of real time
    std::string message{};             // one line
    std::optional<int> exit_code = 1;  // nullopt: the process goes on
  };
  explicit Watchdog(Options options);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void wait();

  Options options_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace pxeproof::live
