#include "live/monotonic_clock.h"

#include <cassert>
#include <ctime>

namespace pxeproof::live {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  const int failed = clock_gettime(clock, &time);
  assert(failed == 0);
  static_cast<void>(failed);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Instant now() { return Instant(Duration(read_clock(CLOCK_MONOTONIC))); }

WallClock::WallClock() : offset_(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC)) {}

std::int64_t WallClock::nanoseconds(Instant instant) const {
  return instant.time_since_epoch().count() + offset_;
}

}  // namespace pxeproof::live
