#pragma once

#include "firmware/retry_rule.h"
#include "protocol/time.h"

namespace pxeproof::rom {

// Time as one firmware sees it: in ticks that began at some phase of their own.
class TickClock {
 public:
  // The first tick of all lies at the epoch plus phase; a machine's phase is drawn once.
  TickClock(const firmware::TickRules& rules, Duration phase) : rules_(rules), phase_(phase) {}

  // How long the firmware believes it was from one instant to another.
  Duration elapsed(Instant from, Instant to) const {
    if (rules_.tick == Duration{}) return to - from;
    return (tick_at(to) - tick_at(from)) * rules_.counts_as;
  }

  // When a wait that begins at `from` is over.
  Instant after(Instant from, Duration wait) const {
    if (rules_.tick == Duration{}) return from + wait;
    const auto ticks = (wait + rules_.counts_as - Duration{1}) / rules_.counts_as;
    if (ticks == 0) return from;
    return Instant{phase_ + (tick_at(from) + ticks) * rules_.tick};
  }

  Duration phase() const { return phase_; }

 private:
  Duration::rep tick_at(Instant instant) const {
    const Duration since = instant.time_since_epoch() - phase_;
    const Duration::rep whole = since / rules_.tick;
    return since % rules_.tick < Duration{} ? whole - 1 : whole;
  }

  firmware::TickRules rules_;
  Duration phase_;
};

}  // namespace pxeproof::rom
