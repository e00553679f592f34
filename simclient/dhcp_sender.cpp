#include "simclient/dhcp_sender.h"

#include <algorithm>

#include "protocol/dhcp/message.h"

namespace pxeproof::rom {

namespace {

// The last four octets of an address as one number.
std::uint32_t mac_number(const MacAddress& mac) {
  std::uint32_t number = 0;
  for (std::size_t i = 2; i < mac.octets.size(); ++i) number = number << 8U | mac.octets[i];
  return number;
}

}  // namespace

std::uint32_t session_xid(Instant now, const RomBoard& board, std::uint32_t drawn,
                          std::uint32_t session) {
  switch (board.profile->xid) {
    case firmware::SessionXid::Random:
      return drawn + session * board.profile->xid_step;
    case firmware::SessionXid::MacAndMilliseconds:
    case firmware::SessionXid::Mac:
      return mac_number(board.mac);
    case firmware::SessionXid::MacFirstOctetPlusOne:
      return mac_number(board.mac) + 0x01000000U;
    case firmware::SessionXid::UnixTime:
      return board.unix_seconds(now);
    case firmware::SessionXid::Fixed:
      return board.profile->fixed_xid;
  }
  return drawn;
}

void DhcpSender::begin(Instant now, RomBoard& board, const firmware::DhcpPhase& phase,
                       const firmware::Variables& variables, const Endpoint& destination,
                       Held held) {
  phase_ = &phase;
  variables_ = variables;
  destination_ = destination;
  held_ = held;
  began_ = now;
  sends_ = 0;
  xids_sent_ = 0;
  timer_.emplace(phase.retry, phase.exact_waits ? TickClock({}, {}) : board.clock);
  timer_->begin(now);
  // iPXE counts expiries of its timer, and the first send of a phase is one (captures a and h).
  ++tries_;
  send(now, board);
}

DhcpSender::Expiry DhcpSender::on_timeout(Instant now, RomBoard& board, Wish wish) {
  if (!timer_ || !timer_->is_due(now)) return Expiry::NotYet;
  if (timer_->on_expiry(now) == RetryTimer::Expiry::GiveUp) return Expiry::GaveUp;
  ++tries_;
  const bool late = phase_->leave_after && elapsed(now, board) > *phase_->leave_after;
  if (late || wish == Wish::Leave) {
    timer_->stop();
    return Expiry::Left;
  }
  send(now, board);
  return Expiry::SentAgain;
}

Duration DhcpSender::elapsed(Instant now, const RomBoard& board) const {
  return board.clock.elapsed(began_, now);
}

bool DhcpSender::expects(std::uint32_t xid) const {
  const std::size_t kept = std::min(xids_sent_, kXidsRemembered);
  const auto end = sent_xids_.begin() + static_cast<std::ptrdiff_t>(kept);
  return std::find(sent_xids_.begin(), end, xid) != end;
}

void DhcpSender::choose_xid(Instant now, RomBoard& board) {
  switch (phase_->xid) {
    case firmware::DhcpPhase::Xid::OfSession:
      message_xid_ = xid_;
      // The try's own number, while nobody has answered one of them.
      if (board.profile->xid == firmware::SessionXid::MacAndMilliseconds && !held_.offer) {
        message_xid_ = static_cast<std::uint32_t>(mac_number(board.mac) + board.milliseconds(now));
      }
      break;
    case firmware::DhcpPhase::Xid::Zero:
      message_xid_ = 0;
      break;
    case firmware::DhcpPhase::Xid::Fresh:
      if (sends_ == 1) message_xid_ = static_cast<std::uint32_t>(board.random.next());
      break;
  }
  if (expects(message_xid_)) return;
  sent_xids_[xids_sent_ % kXidsRemembered] = message_xid_;
  ++xids_sent_;
}

std::uint16_t DhcpSender::secs(Instant now, const RomBoard& board) const {
  switch (phase_->secs) {
    case firmware::Secs::TriesAndOffers:
      return static_cast<std::uint16_t>(tries_ << 2U | (held_.offer ? 2U : 0U) |
                                        (held_.proxy_offer ? 1U : 0U));
    case firmware::Secs::Elapsed:
      return static_cast<std::uint16_t>(phase_->secs_offset +
                                        board.clock.elapsed(*session_began_, now) /
                                            std::chrono::seconds(1));
    case firmware::Secs::Kept:
      return last_secs_;
    case firmware::Secs::TriesUnswapped:
      return static_cast<std::uint16_t>((sends_ - 1) << 8U);
    case firmware::Secs::Zero:
      return 0;
    case firmware::Secs::UnixTime:
      return static_cast<std::uint16_t>(board.unix_seconds(*session_began_));
  }
  return 0;
}

void DhcpSender::send(Instant now, RomBoard& board) {
  ++sends_;
  if (!session_began_) session_began_ = now;
  choose_xid(now, board);
  last_secs_ = secs(now, board);
  transmit(now, board, phase_->options, variables_, destination_);
}

void DhcpSender::send_once(Instant now, RomBoard& board,
                           const std::vector<firmware::OptionTemplate>& options,
                           const firmware::Variables& variables, const Endpoint& destination) {
  transmit(now, board, options, variables, destination);
}

void DhcpSender::transmit(Instant now, RomBoard& board,
                          const std::vector<firmware::OptionTemplate>& options,
                          const firmware::Variables& variables, const Endpoint& destination) {
  dhcp::Message message;
  message.header.xid = message_xid_;
  message.header.secs = last_secs_;
  message.header.flags = phase_->flags;
  if (board.ip.subnet()) message.header.ciaddr = board.ip.subnet()->address;
  message.header.set_mac(board.mac);
  if (phase_->names_file) message.header.set_file(variables.boot_file);
  message.options.reserve(options.size());
  for (const firmware::OptionTemplate& option : options) {
    if (option.registered_first) {
      if (const auto registered = board.settings.option(option.code)) {
        message.add(option.code, *registered);
        continue;
      }
    }
    if (auto value = option.expand(variables)) {
      message.options.push_back({option.code, std::move(*value)});
    }
  }
  Bytes octets;
  dhcp::encode_into(message, phase_->minimum_size, octets);
  board.ip.send(now, phase_->source_port, destination, octets,
                phase_->dont_fragment.value_or(board.profile->ip.dont_fragment));
}

}  // namespace pxeproof::rom
