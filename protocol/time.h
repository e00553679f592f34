#pragma once

#include <chrono>
#include <cstdint>

namespace pxeproof {

// The clock of all state machines. It has no now(): a machine that asks for the time does not
// compile. live/ and lab/ make its instants, from the kernel's monotonic clock or from virtual
// time.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::nanoseconds;
  using time_point = std::chrono::time_point<Clock, duration>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using Instant = Clock::time_point;

// Seconds as a floating-point number, for printing.
double to_seconds(Duration duration);

}  // namespace pxeproof
