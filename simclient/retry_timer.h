#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "firmware/retry_rule.h"
#include "protocol/time.h"
#include "simclient/tick_clock.h"

namespace pxeproof::rom {

// When to send again, by one firmware's rule. The rule outlives the timer.
class RetryTimer {
 public:
  RetryTimer(const firmware::RetryRule& rule, const TickClock& clock)
      : rule_(&rule), clock_(clock) {}

  // Fixed waits in place of the rule's from now on.
  void set_waits(firmware::FixedWaits waits);

  // The first packet goes out now.
  void begin(Instant now);

  // What to do when the deadline has passed.
  enum class Expiry { SendAgain, GiveUp };
  Expiry on_expiry(Instant now);

  // A reply came, and the next packet goes out now.
  void on_reply(Instant now);

  void stop() { deadline_.reset(); }
  const std::optional<Instant>& deadline() const { return deadline_; }
  bool is_due(Instant now) const { return deadline_ && *deadline_ <= now; }

 private:
  void wait(Instant now, Duration duration);

  const firmware::RetryRule& rule() const { return own_ ? *own_ : *rule_; }

  const firmware::RetryRule* rule_;
  std::shared_ptr<const firmware::RetryRule> own_;  // seldom: a server has set the waits
  TickClock clock_;
  std::optional<Instant> deadline_;
  Instant started_;           // of the present wait
  Duration timeout_{};        // of the present wait
  std::size_t expiries_ = 0;  // fixed waits: index of the present one; adaptive: not yet forgiven
};

}  // namespace pxeproof::rom
