#pragma once

#include <variant>
#include <vector>

#include "protocol/time.h"

namespace pxeproof::firmware {

// The clock a firmware measures its waits with. It moves in ticks; a wait is over at the first tick
// at which the ticks seen, each counted as `counts_as`, make up the wait.
struct TickRules {
  Duration tick{};       // real time from tick to tick; 0: no ticks, every instant counts
  Duration counts_as{};  // what the firmware takes one tick for

  friend bool operator==(const TickRules&, const TickRules&) = default;
};

// Fixed waits: wait i follows send i; when the last is over the sender gives up.
struct FixedWaits {
  std::vector<Duration> waits;

  friend bool operator==(const FixedWaits&, const FixedWaits&) = default;
};

// A binary exponential backoff that follows the round-trip time seen: every expiry doubles the
// wait, every reply that was not waited for in vain moves it an eighth towards four times the round
// trip.
struct AdaptiveWait {
  Duration minimum{};
  Duration maximum{};  // a wait that would become longer is the end

  friend bool operator==(const AdaptiveWait&, const AdaptiveWait&) = default;
};

using RetryRule = std::variant<FixedWaits, AdaptiveWait>;

}  // namespace pxeproof::firmware
