#include "simclient/dhcp_sender.h"

#include "protocol/dhcp/message.h"

namespace pxeproof::rom {

void DhcpSender::begin(Instant now, RomBoard& board, const firmware::DhcpPhase& phase,
                       const firmware::Variables& variables, const Endpoint& destination,
                       Held held) {
  phase_ = &phase;
  variables_ = variables;
  destination_ = destination;
  held_ = held;
  began_ = now;
  sends_ = 0;
  timer_.emplace(phase.retry, board.clock);
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

std::uint32_t DhcpSender::expected_xid() const {
  switch (phase_->xid) {
    case firmware::DhcpPhase::Xid::OfSession:
      return xid_;
    case firmware::DhcpPhase::Xid::Zero:
      return 0;
  }
  return 0;
}

void DhcpSender::send(Instant now, RomBoard& board) {
  ++sends_;
  dhcp::Message message;
  message.header.xid = expected_xid();
  switch (board.profile->secs) {
    case firmware::Profile::Secs::TriesAndOffers:
      message.header.secs = static_cast<std::uint16_t>(tries_ << 2U | (held_.offer ? 2U : 0U) |
                                                       (held_.proxy_offer ? 1U : 0U));
      break;
  }
  message.header.flags = phase_->flags;
  if (board.ip.subnet()) message.header.ciaddr = board.ip.subnet()->address;
  message.header.set_mac(board.mac);
  for (const firmware::OptionTemplate& option : phase_->options) {
    if (option.registered_first) {
      if (const auto registered = board.settings.option(option.code)) {
        message.add(option.code, *registered);
        continue;
      }
    }
    if (const auto value = option.expand(variables_)) message.add(option.code, *value);
  }
  Bytes octets;
  dhcp::encode_into(message, phase_->minimum_size, octets);
  board.ip.send(now, phase_->source_port, destination_, octets);
}

}  // namespace pxeproof::rom
