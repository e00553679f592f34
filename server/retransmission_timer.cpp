#include "server/retransmission_timer.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

// A client that asks for a minute between sends does not want two, then four; it gets as many as
// leave it a chance.
constexpr int kSendsOfALongInterval = 4;

// An answer that comes within this time after the last of several sends, or within two round trips,
// is the answer to that one: those before were lost, and the network is no slower than it was.
constexpr std::chrono::milliseconds kPromptAnswer{20};

}  // namespace

RetransmissionTimer::RetransmissionTimer(const RetransmissionLimits& limits)
    : limits_(limits),
      first_interval_(limits.fixed.value_or(limits.first)),
      doubles_(first_interval_ <= limits.longest) {
  if (!doubles_) limits_.give_up = std::max(limits_.give_up, kSendsOfALongInterval * *limits.fixed);
}

void RetransmissionTimer::on_send(Instant now) {
  resends_ = 0;
  sent_ = now;
  last_sent_ = now;
  interval_ = first_interval_;
  deadline_ = sent_ + std::min<Duration>(interval_, limits_.give_up);
}

void RetransmissionTimer::on_answer(Instant now, std::optional<Duration> round_trip) {
  if (round_trip) return measure(*round_trip);
  if (resends_ == 0 || limits_.fixed) return;
  const auto expected = expected_round_trip();
  if (expected && now - last_sent_ <= std::max<Duration>(2 * *expected, kPromptAnswer)) {
    first_interval_ = first_interval_as_measured();
    return;
  }
  // Karn: which of the sends was answered is unknown, so wait longer until a clean measurement;
  // but not much longer, as mere loss looks the same.
  const Duration longer = std::min<Duration>(first_interval_ * 2, limits_.first * 2);
  first_interval_ = std::clamp<Duration>(longer, first_interval_, limits_.longest);
}

RetransmissionTimer::Action RetransmissionTimer::on_timeout(Instant now) {
  if (now < deadline_) return Action::Wait;
  const Instant end = sent_ + limits_.give_up;
  if (now >= end) return Action::GiveUp;
  ++resends_;
  last_sent_ = now;
  if (doubles_) interval_ *= 2;
  deadline_ = std::min(now + interval_, end);
  return Action::Resend;
}

std::optional<Duration> RetransmissionTimer::expected_round_trip() const {
  if (!shortest_round_trip_) return std::nullopt;
  return smoothed_ + 4 * variation_;
}

void RetransmissionTimer::measure(Duration round_trip) {
  if (!shortest_round_trip_) {
    smoothed_ = round_trip;
    variation_ = round_trip / 2;
    shortest_round_trip_ = round_trip;
  } else {
    const Duration difference =
        smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
    variation_ = (3 * variation_ + difference) / 4;
    smoothed_ = (7 * smoothed_ + round_trip) / 8;
    shortest_round_trip_ = std::min(*shortest_round_trip_, round_trip);
  }
  if (!limits_.fixed) first_interval_ = first_interval_as_measured();
}

Duration RetransmissionTimer::first_interval_as_measured() const {
  return std::clamp<Duration>(smoothed_ + 4 * variation_, limits_.shortest, limits_.longest);
}

}  // namespace pxeproof::server
