#include "live/watchdog.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace pxeproof::live {

Watchdog::Watchdog(Options options) : options_(std::move(options)), thread_([this] { wait(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Watchdog::wait() {
  std::unique_lock lock(mutex_);
  if (ended_.wait_for(lock, options_.limit, [this] { return is_over_; })) return;
  std::fprintf(stderr, "%s\n", options_.message.c_str());
  if (!options_.exit_code) return;
  // The other thread never ends, so nothing can be tidied up in order.
  std::_Exit(*options_.exit_code);
}

}  // namespace pxeproof::live
