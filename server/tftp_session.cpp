#include "server/tftp_session.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "protocol/tftp/negotiation.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::server {

namespace {

// An answer may be later than all before it by what the client's machine does besides.
constexpr std::chrono::milliseconds kShortestDoubt{5};
constexpr std::uint8_t kMostIncreases = 4;

// A window goes out in at most 16 pieces, so that it is out long before its answer is overdue.
constexpr std::uint64_t kMostPieces = 16;
constexpr std::chrono::milliseconds kBetweenPieces{1};
constexpr std::uint8_t kLossesBeforePieces = 2;
constexpr std::uint8_t kWindowsBeforeALargerPiece = 64;

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
    timer_.on_answer(
        now, timer_.resent() ? std::nullopt : std::optional<Duration>(now - negotiating->sent));
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
  timer_.on_answer(now, take_sample(now, sending));
  choose_size_of_pieces(sending.pieces);
  sending.gap_proven_at.reset();
  sending.times_back = 0;
  // RFC 7440 s.4: an ACK inside the window asks for everything after it again. When that went out a
  // moment ago, this ACK was probably under way before and asks for nothing new.
  const bool inside_the_window = sending.acknowledged < sending.highest;
  const bool just_done = sending.went_back && sooner_than_a_round_trip(now - *sending.went_back);
  if (inside_the_window && !just_done) {
    go_back(now, sending);
    sending.went_back = now;
  } else {
    sending.next = std::max(sending.next, sending.acknowledged + 1);
    sending.window_sent = now;
    begin_piece(now, sending);
    if (inside_the_window) {
      sending.times_back = 1;
      sending.gap_proven_at = proof_of_a_gap(sending);
    }
  }
  if (!sending.sample) sending.sample = {sending.highest + 1, now};
  timer_.on_send(now);
}

// RFC 1123 s.4.2.3.1: a repeated ACK sends nothing, or each copy doubles the rest of the transfer.
// In a window it can also be the only sign that the first block was lost: U-Boot says so once, EDK2
// once for each block behind (facts/client.md). It is one at once when no copy, the network's or
// ours, can have caused it; else when the answer to the window is overdue.
std::optional<TftpReason> TftpSession::on_duplicate(Instant now, Sending& sending) {
  const bool window_is_out = sending.next > sending.acknowledged + 1;
  if (terms_.window_size == 1 || !window_is_out) return TftpReason::DuplicateAck;
  const Duration waited = now - sending.window_sent;
  const bool went_back = sending.times_back > 0;
  const bool may_answer_a_copy = went_back || waited == Duration{} ||
                                 sooner_than_a_round_trip(waited) ||
                                 sending.acknowledged < sending.copies_until;
  Instant proof = proof_of_a_gap(sending);
  if (went_back && waited < expected_round_trip()) {
    // Most likely it still answers what was sent before.
    proof = std::max(proof, sending.window_sent + terms_.retransmission.shortest);
  }
  if (may_answer_a_copy && now < proof) {
    sending.gap_proven_at = std::min(proof, sending.gap_proven_at.value_or(proof));
    return TftpReason::DuplicateAck;
  }
  go_back(now, sending);
  sending.went_back = now;
  return std::nullopt;
}

Duration TftpSession::expected_round_trip() const {
  return timer_.expected_round_trip().value_or(terms_.retransmission.shortest);
}

// When a client that repeated its ACK would have answered the window if it had it: later with each
// time that the window went out in vain.
Instant TftpSession::proof_of_a_gap(const Sending& sending) const {
  const Duration doubt = std::max<Duration>(expected_round_trip(), kShortestDoubt);
  return sending.window_sent + doubt * (1 << 2 * sending.times_back);
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
  go_back(now, *sending);
}

void TftpSession::on_timeout(Instant now) {
  if (ended()) return;
  if (auto* sending = std::get_if<Sending>(&state_);
      sending != nullptr && sending->gap_proven_at && *sending->gap_proven_at <= now) {
    go_back(now, *sending);
    sending->went_back = now;
  } else if (sending != nullptr && sending->pieces.next_at && *sending->pieces.next_at <= now) {
    begin_piece(now, *sending);
  }
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
  go_back(now, std::get<Sending>(state_));
}

bool TftpSession::wants_to_transmit() const {
  if (const auto* negotiating = std::get_if<Negotiating>(&state_)) return negotiating->oack_due;
  const auto* sending = std::get_if<Sending>(&state_);
  return sending != nullptr && sending->next <= sending->pieces.until &&
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
  const auto* sending = std::get_if<Sending>(&state_);
  Instant first = timer_.deadline();
  if (sending == nullptr) return first;
  if (sending->gap_proven_at) first = std::min(first, *sending->gap_proven_at);
  if (sending->pieces.next_at) first = std::min(first, *sending->pieces.next_at);
  return first;
}

std::optional<TftpReason> TftpSession::failure() const {
  const auto* ended = std::get_if<Ended>(&state_);
  return ended == nullptr ? std::nullopt : ended->failure;
}

void TftpSession::start_sending(Instant now) {
  state_.emplace<Sending>(
      Sending{.window_sent = now,
              .pieces = {.size = terms_.window_size, .until = terms_.window_size},
              .sample = Sending::Sample{1, now}});
  timer_.on_send(now);
}

void TftpSession::go_back(Instant now, Sending& sending) {
  sending.next = sending.acknowledged + 1;
  sending.copies_until = sending.highest + terms_.window_size;
  sending.window_sent = now;
  sending.gap_proven_at.reset();
  if (sending.times_back < kMostIncreases) ++sending.times_back;
  begin_piece(now, sending);
  // Its block goes out twice now, unless it was not sent yet.
  if (sending.sample && sending.sample->block <= sending.highest) sending.sample.reset();
}

// After an ACK of more.
void TftpSession::choose_size_of_pieces(Sending::Pieces& pieces) const {
  const std::uint64_t window = terms_.window_size;
  if (timer_.resent()) {
    pieces.windows_without_loss = 0;
    if (pieces.losses < kLossesBeforePieces) ++pieces.losses;
    if (pieces.losses < kLossesBeforePieces) return;
    pieces.size = std::max(pieces.size / 4, (window + kMostPieces - 1) / kMostPieces);
  } else if (++pieces.windows_without_loss == kWindowsBeforeALargerPiece) {
    pieces.windows_without_loss = 0;
    pieces.losses = 0;
    pieces.size = std::min(pieces.size + 1, window);
  }
}

void TftpSession::begin_piece(Instant now, Sending& sending) const {
  Sending::Pieces& pieces = sending.pieces;
  const std::uint64_t end = sending.acknowledged + terms_.window_size;
  pieces.until = std::min(sending.next - 1 + pieces.size, end);
  pieces.next_at.reset();
  if (pieces.until < end && (!last_block_ || pieces.until < *last_block_)) {
    pieces.next_at = now + kBetweenPieces;
  }
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
