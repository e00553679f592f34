#pragma once

#include <cstdint>
#include <optional>

#include "protocol/time.h"

namespace pxeproof::server {

// How long to wait for an answer.
struct RetransmissionLimits {
  std::chrono::milliseconds shortest{250};   // never resend earlier, however fast the network
  std::chrono::milliseconds first{1000};     // before a round trip was measured
  std::chrono::milliseconds longest{7000};   // of the first interval; later ones double
  std::chrono::milliseconds give_up{55000};  // after the first send without progress
  // RFC 2349: the first interval is agreed. Above longest every interval is that one, and there are
  // four before giving up.
  std::optional<std::chrono::milliseconds> fixed{};
};

// When to send again and when to give up: the first interval follows the measured round trip
// (RFC 6298, without samples of what was sent twice), each further one is twice as long. What is
// sent after an answer begins with the first interval again.
class RetransmissionTimer {
 public:
  explicit RetransmissionTimer(const RetransmissionLimits& limits);

  // Something new goes out and wants an answer.
  void on_send(Instant now);

  // The answer came. A round trip is told when it is beyond doubt which packet was answered.
  void on_answer(Instant now, std::optional<Duration> round_trip);

  enum class Action : std::uint8_t { Wait, Resend, GiveUp };
  Action on_timeout(Instant now);

  Instant deadline() const { return deadline_; }
  Duration interval() const { return interval_; }

  // Sent again at least once since the last answer.
  bool resent() const { return resends_ > 0; }

  // The shortest answer seen; nullopt before the first.
  std::optional<Duration> shortest_round_trip() const { return shortest_round_trip_; }

  // An answer that was not lost is there by then (RFC 6298 s.2, without a floor); nullopt before
  // the first.
  std::optional<Duration> expected_round_trip() const;

 private:
  void measure(Duration round_trip);
  Duration first_interval_as_measured() const;

  RetransmissionLimits limits_;
  Duration first_interval_;  // of the next thing sent
  bool doubles_ = true;      // each further interval
  Duration interval_{};      // running now
  Instant sent_{};           // the first time
  Instant last_sent_{};
  Instant deadline_{};
  std::uint16_t resends_ = 0;
  std::optional<Duration> shortest_round_trip_;
  Duration smoothed_{};
  Duration variation_{};
};

}  // namespace pxeproof::server
