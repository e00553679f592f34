#include "simclient/retry_timer.h"

#include <algorithm>

namespace pxeproof::rom {

using firmware::AdaptiveWait;
using firmware::FixedWaits;

void RetryTimer::wait(Instant now, Duration duration) {
  started_ = now;
  timeout_ = duration;
  deadline_ = clock_.after(now, duration);
}

void RetryTimer::set_waits(FixedWaits waits) {
  own_ = std::make_shared<const firmware::RetryRule>(std::move(waits));
}

void RetryTimer::begin(Instant now) {
  if (const auto* const fixed = std::get_if<FixedWaits>(&rule())) {
    expiries_ = 0;
    wait(now, fixed->waits.front());
    return;
  }
  // iPXE's src/net/retry.c: the first send is itself the expiry of a wait of no length, and so
  // counts as one.
  expiries_ = 1;
  wait(now, std::get<AdaptiveWait>(rule()).minimum);
}

RetryTimer::Expiry RetryTimer::on_expiry(Instant now) {
  ++expiries_;
  if (const auto* const fixed = std::get_if<FixedWaits>(&rule())) {
    if (expiries_ == fixed->waits.size()) {
      stop();
      return Expiry::GiveUp;
    }
    wait(now, fixed->waits[expiries_]);
    return Expiry::SendAgain;
  }
  if (2 * timeout_ > std::get<AdaptiveWait>(rule()).maximum) {
    stop();
    return Expiry::GiveUp;
  }
  wait(now, 2 * timeout_);
  return Expiry::SendAgain;
}

void RetryTimer::on_reply(Instant now) {
  if (std::holds_alternative<FixedWaits>(rule())) {
    begin(now);
    return;
  }
  Duration timeout = timeout_;
  if (expiries_ > 0) {
    // Not known which of the packets was answered: no round trip to learn from.
    --expiries_;
  } else {
    timeout += clock_.elapsed(started_, now) / 2 - timeout / 8;
  }
  wait(now, std::max(timeout, std::get<AdaptiveWait>(rule()).minimum));
}

}  // namespace pxeproof::rom
