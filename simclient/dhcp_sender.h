#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "firmware/profile.h"
#include "simclient/retry_timer.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// The xid of a machine's DHCP session, counted from 0, by its firmware's rule.
std::uint32_t session_xid(Instant now, const RomBoard& board, std::uint32_t drawn,
                          std::uint32_t session);

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

  // True when an answer in this phase may carry this xid.
  bool expects(std::uint32_t xid) const;

  // The session goes on under the xid of the answer that was taken; it matters where every try had
  // its own.
  void adopt(std::uint32_t xid) { xid_ = xid; }

  // Sends one message that is never repeated, in the session's name.
  void send_once(Instant now, RomBoard& board, const std::vector<firmware::OptionTemplate>& options,
                 const firmware::Variables& variables, const Endpoint& destination);

  // How often the present message was sent, and how long its phase lasts by the firmware's clock.
  unsigned sends() const { return sends_; }
  Duration elapsed(Instant now, const RomBoard& board) const;

  // What the next repetition tells; offers may come while DISCOVER is repeated.
  void set_held(Held held) { held_ = held; }

  std::optional<Instant> poll_timeout() const { return timer_ ? timer_->deadline() : std::nullopt; }

 private:
  static constexpr std::size_t kXidsRemembered = 4;  // U-Boot's CONFIG_BOOTP_ID_CACHE_SIZE

  void send(Instant now, RomBoard& board);
  void choose_xid(Instant now, RomBoard& board);
  std::uint16_t secs(Instant now, const RomBoard& board) const;
  void transmit(Instant now, RomBoard& board, const std::vector<firmware::OptionTemplate>& options,
                const firmware::Variables& variables, const Endpoint& destination);

  std::uint32_t xid_;                                       // of the session
  std::array<std::uint32_t, kXidsRemembered> sent_xids_{};  // of this phase, the last ones
  std::size_t xids_sent_ = 0;
  std::uint32_t message_xid_ = 0;
  std::uint16_t last_secs_ = 0;
  std::optional<Instant> session_began_;
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
