#include "server/tftp_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/tftp/negotiation.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::server {

namespace {

// A receiver of a window acknowledges its last good block once for each block behind a gap (EDK2,
// facts/client.md 3.5). One late copy may be the network's; two are a gap.
constexpr std::uint8_t kDuplicatesThatProveAGap = 2;

}  // namespace

TftpSession::TftpSession(std::shared_ptr<FileContent> content, TransferTerms terms, Instant now)
    : content_(std::move(content)),
      terms_(std::move(terms)),
      timer_(terms_.retransmission),
      state_(Negotiating{true, now}) {
  assert(terms_.block_size >= tftp::kMinimumBlockSize && terms_.window_size >= 1);
  if (terms_.mode == TransferMode::Netascii) {
    netascii_.emplace(terms_.block_size, terms_.window_size);
  } else {
    last_block_ = content_->size() / terms_.block_size + 1;
  }
  if (terms_.oack.empty()) {
    start_sending(now);
  } else {
    timer_.on_send(now);
  }
}

std::optional<TftpReason> TftpSession::on_ack(Instant now, std::uint16_t block) {
  if (const auto* negotiating = std::get_if<Negotiating>(&state_)) {
    if (block != 0) return TftpReason::FutureAck;
    answered_ = true;
    heard_ = now;
    timer_.on_answer(timer_.resent() ? std::nullopt
                                     : std::optional<Duration>(now - negotiating->sent));
    start_sending(now);
    return std::nullopt;
  }
  auto* sending = std::get_if<Sending>(&state_);
  if (sending == nullptr) return TftpReason::LatePacket;

  const std::uint64_t acknowledged = tftp::unwrap_block(block, sending->acknowledged);
  if (acknowledged == sending->acknowledged) {
    heard_ = now;
    return on_duplicate(now, *sending);
  }
  if (acknowledged < sending->acknowledged) return TftpReason::StaleAck;
  if (acknowledged > sending->highest) return TftpReason::FutureAck;

  heard_ = now;
  answered_ = true;
  sending->acknowledged = acknowledged;
  if (!netascii_) {
    acknowledged_octets_ = std::min(content_->size(), acknowledged * terms_.block_size);
  }
  if (acknowledged == last_block_) {
    state_ = Ended{};
    return std::nullopt;
  }
  on_progress(now, *sending);
  return std::nullopt;
}

void TftpSession::on_progress(Instant now, Sending& sending) {
  timer_.on_answer(take_sample(now, sending));
  // RFC 7440 s.4: an ACK inside the window asks for everything after it again. When that went out a
  // moment ago, this ACK was under way before and asks for nothing new.
  const bool inside_the_window = sending.acknowledged < sending.highest;
  const bool just_done = sending.went_back && sooner_than_a_round_trip(now - *sending.went_back);
  if (inside_the_window && !just_done) {
    go_back(sending);
    sending.went_back = now;
  } else {
    sending.next = std::max(sending.next, sending.acknowledged + 1);
  }
  sending.late_duplicates = 0;
  sending.window_sent = now;
  if (!sending.sample) sending.sample = {sending.highest + 1, now};
  timer_.on_send(now);
}

// RFC 1123 s.4.2.3.1: a repeated ACK sends nothing, or each copy doubles the rest of the transfer.
// In a window it can also be the only sign that the first block was lost; it counts as that when it
// came too late to be a copy from before, and no copy of ours can have caused it.
std::optional<TftpReason> TftpSession::on_duplicate(Instant now, Sending& sending) {
  const bool window_is_out = sending.next > sending.acknowledged + 1;
  if (terms_.window_size == 1 || !window_is_out || now == sending.window_sent ||
      sooner_than_a_round_trip(now - sending.window_sent) ||
      sending.acknowledged < sending.copies_until) {
    return TftpReason::DuplicateAck;
  }
  if (++sending.late_duplicates < kDuplicatesThatProveAGap) return TftpReason::DuplicateAck;
  go_back(sending);
  sending.went_back = now;
  return std::nullopt;
}

void TftpSession::on_repeated_request(Instant now) {
  if (auto* negotiating = std::get_if<Negotiating>(&state_)) {
    if (now - negotiating->sent < terms_.repeated_request || negotiating->oack_due) return;
    negotiating->oack_due = true;
    negotiating->sent = now;
    ++resent_;
    return;
  }
  auto* sending = std::get_if<Sending>(&state_);
  if (sending == nullptr || sending->acknowledged != 0 || !terms_.oack.empty()) return;
  if (now - sending->window_sent < terms_.repeated_request) return;
  sending->window_sent = now;
  go_back(*sending);
}

void TftpSession::on_timeout(Instant now) {
  if (ended()) return;
  switch (timer_.on_timeout(now)) {
    case RetransmissionTimer::Action::Wait:
      return;
    case RetransmissionTimer::Action::GiveUp: {
      const auto* sending = std::get_if<Sending>(&state_);
      const bool all_sent = sending != nullptr && sending->highest == last_block_;
      state_ = Ended{all_sent ? TftpReason::LastBlockUnacknowledged : TftpReason::NoAnswer};
      return;
    }
    case RetransmissionTimer::Action::Resend:
      break;
  }
  if (auto* negotiating = std::get_if<Negotiating>(&state_)) {
    negotiating->oack_due = true;
    negotiating->sent = now;
    ++resent_;
    return;
  }
  auto& sending = std::get<Sending>(state_);
  sending.window_sent = now;
  go_back(sending);
}

bool TftpSession::wants_to_transmit() const {
  if (const auto* negotiating = std::get_if<Negotiating>(&state_)) return negotiating->oack_due;
  const auto* sending = std::get_if<Sending>(&state_);
  return sending != nullptr && sending->next <= sending->acknowledged + terms_.window_size &&
         (!last_block_ || sending->next <= *last_block_);
}

bool TftpSession::poll_transmit(Bytes& head, ByteView& body) {
  body = {};
  if (!wants_to_transmit()) return false;
  if (auto* negotiating = std::get_if<Negotiating>(&state_)) {
    negotiating->oack_due = false;
    head.assign(terms_.oack.begin(), terms_.oack.end());
    return true;
  }
  return send_block(std::get<Sending>(state_), head, body);
}

std::optional<Instant> TftpSession::poll_timeout() const {
  if (ended()) return std::nullopt;
  return timer_.deadline();
}

std::optional<TftpReason> TftpSession::failure() const {
  const auto* ended = std::get_if<Ended>(&state_);
  return ended == nullptr ? std::nullopt : ended->failure;
}

void TftpSession::start_sending(Instant now) {
  state_ = Sending{.window_sent = now, .sample = Sending::Sample{1, now}};
  timer_.on_send(now);
}

void TftpSession::go_back(Sending& sending) {
  sending.next = sending.acknowledged + 1;
  sending.copies_until = sending.highest + terms_.window_size;
  sending.late_duplicates = 0;
  // Its block goes out twice now, unless it was not sent yet.
  if (sending.sample && sending.sample->block <= sending.highest) sending.sample.reset();
}

std::optional<Duration> TftpSession::take_sample(Instant now, Sending& sending) {
  if (!sending.sample || sending.acknowledged < sending.sample->block) return std::nullopt;
  const Duration round_trip = now - sending.sample->sent;
  sending.sample.reset();
  return round_trip;
}

// True when nothing that was sent this long ago can have been answered yet.
bool TftpSession::sooner_than_a_round_trip(Duration elapsed) const {
  const auto shortest = timer_.shortest_round_trip();
  return !shortest || elapsed < *shortest;
}

bool TftpSession::send_block(Sending& sending, Bytes& head, ByteView& body) {
  const std::uint64_t block = sending.next;
  const auto size_octets = read_block(block, head, body);
  if (!size_octets) {
    state_ = Ended{reason_for(size_octets.error())};
    return false;
  }
  if (block <= sending.highest) {
    ++resent_;
  } else {
    sending.highest = block;
    if (netascii_) acknowledged_octets_ += *size_octets;
  }
  if (*size_octets < terms_.block_size) last_block_ = block;
  sending.next = block + 1;
  return true;
}

Result<std::size_t, FileFault> TftpSession::read_block(std::uint64_t block, Bytes& head,
                                                       ByteView& body) {
  tftp::encode_data_header(tftp::wire_block(block), head);
  if (netascii_) {
    const auto appended = netascii_->append(*content_, block, head);
    if (!appended) return fail(appended.error());
    return head.size() - tftp::kDataHeaderSize;
  }
  const std::uint64_t offset = (block - 1) * terms_.block_size;
  const auto wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(terms_.block_size, content_->size() - offset));
  if (wanted == 0) return 0;
  const auto octets = content_->read(offset, wanted);
  if (!octets) return fail(octets.error());
  // A short block would end the transfer, and the client would take the stump for the file.
  if (octets->size() != wanted) return fail(FileFault::Changed);
  body = *octets;
  return wanted;
}

}  // namespace pxeproof::server
