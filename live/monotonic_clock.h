#pragma once

#include <cstdint>

#include "protocol/time.h"

namespace pxeproof::live {

// The kernel's monotonic clock: never steps, starts anywhere.
Instant now();

// Translates instants into the time of day, by one reading of both clocks at construction: a
// capture's time stamps stay monotonic even when somebody sets the clock meanwhile.
class WallClock {
 public:
  WallClock();

  // Nanoseconds since 1970.
  std::int64_t nanoseconds(Instant instant) const;

 private:
  std::int64_t offset_ = 0;
};

}  // namespace pxeproof::live
