#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>

#include "protocol/time.h"

namespace pxeproof::live {

// How long a process of this pid namespace was ready to run and had no processor, since it began;
// its first thread only. nullopt: the kernel does not say (proc(5), /proc/PID/schedstat).
std::optional<Duration> processor_wait(pid_t pid);

// The same of one process, and of those that take its place, over times that end now.
class ProcessorWaits {
 public:
  // To be told often: what the process has waited by now. Less than before: it is another one.
  void add(Instant now, Duration waited);

  // From the last look at or before the beginning.
  Duration since(Instant begun) const;

 private:
  struct Look {
    Instant at;
    Duration total;
  };
  static constexpr std::size_t kLooks = 8192;  // older ones are forgotten

  std::deque<Look> looks_;
  Duration last_{};
};

}  // namespace pxeproof::live
