#pragma once

#include <cstdint>
#include <optional>

#include "firmware/profile.h"
#include "simclient/retry_timer.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// Sends the messages of DHCP phases, each again and again by its schedule.
class DhcpSender {
 public:
  explicit DhcpSender(std::uint32_t xid) : xid_(xid) {}

  // Bits of the secs field (Profile::Secs::TriesAndOffers).
  struct Held {
    bool offer = false;
    bool proxy_offer = false;
  };

  // Enters a phase: its first message goes out now. The phase outlives the sender.
  void begin(Instant now, RomBoard& board, const firmware::DhcpPhase& phase,
             const firmware::Variables& variables, const Endpoint& destination, Held held);

  // What the caller wants of the next expiry, and what came of it. Left: on the caller's wish, or
  // because the phase's leave_after is over; then and at GaveUp nothing was sent.
  enum class Wish { SendAgain, Leave };
  enum class Expiry { NotYet, SentAgain, Left, GaveUp };
  Expiry on_timeout(Instant now, RomBoard& board, Wish wish = Wish::SendAgain);

  void stop() {
    if (timer_) timer_->stop();
  }

  // The xid an answer in this phase must carry.
  std::uint32_t expected_xid() const;

  // How often the present message was sent, and how long its phase lasts by the firmware's clock.
  unsigned sends() const { return sends_; }
  Duration elapsed(Instant now, const RomBoard& board) const;

  // What the next repetition tells; offers may come while DISCOVER is repeated.
  void set_held(Held held) { held_ = held; }

  std::optional<Instant> poll_timeout() const { return timer_ ? timer_->deadline() : std::nullopt; }

 private:
  void send(Instant now, RomBoard& board);

  std::uint32_t xid_;
  unsigned tries_ = 0;  // expiries of the firmware's timer, over all phases
  unsigned sends_ = 0;
  const firmware::DhcpPhase* phase_ = nullptr;
  firmware::Variables variables_;
  Endpoint destination_;
  Held held_;
  Instant began_;
  std::optional<RetryTimer> timer_;
};

}  // namespace pxeproof::rom
