#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <vector>

#include "live/system_error.h"
#include "protocol/time.h"

namespace pxeproof::live {

// Whether a source found something to do: while there is traffic the loop polls for a moment
// before it sleeps, because waking up costs more than a packet.
enum class Activity { Idle, Busy };

// Something an EventLoop drives: descriptors to read from, and a deadline.
class EventSource {
 public:
  virtual ~EventSource() = default;

  // What to watch for reading. Fixed while the source is in a loop.
  virtual std::vector<int> descriptors() const = 0;

  // This descriptor is readable: told before on_wake, which need not ask the others then.
  virtual void on_readable(int /*descriptor*/) {}

  // A descriptor is readable, or the deadline has passed, or the loop is looking round: do all that
  // can be done without blocking.
  virtual Activity on_wake(Instant now) = 0;

  // When on_wake wants to be called though nothing arrived.
  virtual std::optional<Instant> deadline() const = 0;
};

// Drives sources in one thread. The sources belong to the caller and outlive their stay.
// It waits with poll(2): the descriptors are few, and epoll has every packet that comes tell of
// itself, also to a loop that does not sleep, at the cost of whoever sent it.
class EventLoop {
 public:
  struct Options {
    Duration spin = std::chrono::microseconds(80);  // polling after the last packet; 0: sleep
  };
  enum class End { Done, DeadlinePassed };

  static SystemResult<EventLoop> create();
  static SystemResult<EventLoop> create(const Options& options);

  SystemResult<void> add(EventSource& source);
  void remove(EventSource& source);

  // Runs until done() holds (asked before the first and after each round), or until the deadline.
  SystemResult<End> run(const std::function<bool()>& done,
                        std::optional<Instant> deadline = std::nullopt);

 private:
  explicit EventLoop(const Options& options) : options_(options) {}

  SystemResult<void> wait(Instant time, std::optional<Instant> deadline);

  Options options_;
  std::vector<pollfd> watched_;
  std::vector<EventSource*> owners_;  // of what is watched, place by place
  std::vector<EventSource*> sources_;
  std::vector<EventSource*> ready_;
};

}  // namespace pxeproof::live
