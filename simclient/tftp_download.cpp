#include "simclient/tftp_download.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/tftp/negotiation.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::rom {

using firmware::TftpManners;

TftpDownload::TftpDownload(const TftpManners& manners, const TickClock& clock, Options options)
    : manners_(&manners),
      options_(std::move(options)),
      timer_(manners.retry, clock),
      file_(options_.file) {}

void TftpDownload::start(Instant now, RomBoard& board) {
  began_ = now;
  board.tell(now, FileBegun{options_.name, options_.server.address});
  timer_.begin(now);
  send_request(now, board);
}

void TftpDownload::send_request(Instant now, RomBoard& board) {
  tftp::Request request;
  request.filename = options_.name;
  request.options = options();
  board.ip.send(now, options_.port, options_.server, tftp::encode(request));
}

const std::vector<tftp::Option>& TftpDownload::options() const {
  return options_.read == Options::Read::SizeOnly ? manners_->probe->options : manners_->options;
}

// The number an option was asked for with; nullopt when it was not asked for.
std::optional<std::uint64_t> TftpDownload::asked(std::string_view name) const {
  for (const tftp::Option& option : options()) {
    if (tftp::same_word(option.name, name)) return tftp::parse_number(option.value).value_or(0);
  }
  return std::nullopt;
}

void TftpDownload::send_ack(Instant now, RomBoard& board) {
  unacknowledged_ = 0;
  board.ip.send(now, options_.port, *peer_, tftp::encode_ack(tftp::wire_block(first_gap_)));
}

void TftpDownload::on_datagram(Instant now, RomBoard& board, const ReceivedDatagram& datagram) {
  if (ending_) return;
  const auto ignore = [&](Ignored reason) { board.tell_ignored(now, datagram.source, reason); };
  const auto opcode = tftp::peek_opcode(datagram.payload);
  if (datagram.payload.size() < 2) return ignore(Ignored::UnusableReply);
  if (!transferring_) {
    const bool any = manners_->first_reply == TftpManners::FirstReply::AnySource;
    const bool fits = any && peer_ ? datagram.source == *peer_
                                   : any || datagram.source.address == options_.server.address;
    if (!fits) return ignore(Ignored::ForeignSource);
    peer_ = datagram.source;
  } else if (manners_->later_replies == TftpManners::LaterReplies::SameEndpoint &&
             datagram.source != *peer_) {
    return ignore(Ignored::ForeignSource);
  }
  const auto packet = tftp::decode(datagram.payload);
  if (packet) {
    if (const auto* const oack = std::get_if<tftp::Oack>(&*packet)) {
      return on_oack(now, board, *oack);
    }
    if (const auto* const data = std::get_if<tftp::Data>(&*packet)) {
      return on_data(now, board, *data);
    }
    if (const auto* const error = std::get_if<tftp::Error>(&*packet)) {
      return on_error(now, board, *error);
    }
  }
  const bool half_known =
      opcode == tftp::Opcode::Data || opcode == tftp::Opcode::Error || opcode == tftp::Opcode::Oack;
  if (!transferring_ && !half_known && manners_->odd_reply == TftpManners::OddReply::Refuse) {
    return refuse(now, board,
                  {Unusable::What::Data,
                   "the server answered the request with neither OACK, DATA nor ERROR"});
  }
  ignore(Ignored::UnusableReply);
}

// What makes an option of an OACK one that this program refuses; nullopt: it may stand.
std::optional<std::string> TftpDownload::fault_of(const tftp::Option& option) const {
  using OddOack = TftpManners::OddOack;
  const auto is = [&option](std::string_view name) { return tftp::same_word(option.name, name); };
  const bool block_or_size = is("blksize") || is("tsize");
  const bool is_known = block_or_size || is("timeout") || is("windowsize") || is("multicast");
  const auto wanted = asked(option.name);
  const auto value = tftp::parse_number(option.value);
  const auto raised = [&]() -> std::optional<std::string> {
    const bool may_differ = is("tsize") || is("multicast") || !wanted;
    const bool is_worse = is("timeout") ? value != wanted : value && value > wanted;
    if (may_differ || !is_worse) return std::nullopt;
    return fmt::format("the OACK's {} is {}, and {} was asked for", printable(option.name),
                       printable(option.value), *wanted);
  };
  const auto not_asked = [&option] {
    return fmt::format("the OACK has option {}, which was not asked for", printable(option.name));
  };
  const bool counts = wanted || block_or_size;
  if (counts && (block_or_size || is("windowsize") || is("timeout")) && !value &&
      manners_->odd_oack != OddOack::RefuseRaised) {
    return fmt::format("the OACK's {} '{}' is no number", option.name, printable(option.value));
  }
  switch (manners_->odd_oack) {
    case OddOack::PassOver:
      return std::nullopt;
    case OddOack::Refuse:
      if (!block_or_size && !wanted) return not_asked();
      return std::nullopt;
    case OddOack::RefuseKnown:
      // EDK2's Mtftp4RrqOackValid never marks timeout as present, and so lets it through.
      if (is_known && !wanted && !is("timeout")) return not_asked();
      if (is("windowsize") && value == 0U) return "the OACK's windowsize is 0";
      return raised();
    case OddOack::RefuseRaised:
      return raised();
  }
  return std::nullopt;
}

void TftpDownload::on_oack(Instant now, RomBoard& board, const tftp::Oack& oack) {
  if (transferring_ && manners_->late_oack == TftpManners::LateOack::PassOver) {
    return board.tell_ignored(now, *peer_, Ignored::UnusableReply);
  }
  // A question for the size looks at nothing else: OVMF ends it as ever when the OACK's blksize is
  // 9999, and refuses the same in the transfer that follows (measured; [S] CheckPacket comes
  // first).
  if (options_.read == Options::Read::SizeOnly) {
    for (const tftp::Option& option : oack.options) {
      if (tftp::same_word(option.name, "tsize")) named_size_ = tftp::parse_number(option.value);
    }
    return end_probe(now, board);
  }
  std::uint64_t block_size = block_size_;
  std::optional<std::uint64_t> size;
  for (const tftp::Option& option : oack.options) {
    if (auto fault = fault_of(option)) {
      return refuse(now, board, {Unusable::What::Options, std::move(*fault)});
    }
    const auto value = tftp::parse_number(option.value);
    if (!value) continue;
    if (tftp::same_word(option.name, "blksize")) block_size = *value;
    if (tftp::same_word(option.name, "tsize")) size = *value;
    // Who refuses raised values only takes all others as they are: the real U-Boot obeys a
    // windowsize that it never asked for, and its timer sends the ACK (measured).
    const bool takes_unasked = manners_->odd_oack == TftpManners::OddOack::RefuseRaised;
    if (tftp::same_word(option.name, "windowsize") && (asked("windowsize") || takes_unasked)) {
      window_ = std::max<std::uint64_t>(1, *value);
    }
    if (tftp::same_word(option.name, "timeout") && manners_->unasked_timeout_counts && *value > 0) {
      const auto* const fixed = std::get_if<firmware::FixedWaits>(&manners_->retry);
      const std::size_t tries = fixed != nullptr ? fixed->waits.size() : 1;
      const auto wait = std::chrono::seconds(std::min<std::uint64_t>(*value, 255));
      timer_.set_waits(firmware::FixedWaits{std::vector<Duration>(tries, wait)});
    }
  }
  if (block_size < manners_->minimum_block_size || block_size > manners_->maximum_block_size) {
    return refuse(now, board,
                  {Unusable::What::Options,
                   fmt::format("the OACK's block size {} is out of range", block_size)});
  }
  block_size_ = static_cast<std::uint16_t>(block_size);
  named_size_ = size;
  if (!transferring_) board.tell(now, FileSized{options_.name, size, block_size_});
  if (size == 0 && manners_->empty_file == TftpManners::EmptyFile::CountsAsMissing) {
    return finish(Missing{});
  }
  known_size_ = std::max(known_size_, size.value_or(0));
  begin_transfer();
  timer_.on_reply(now);
  send_ack(now, board);
}

void TftpDownload::begin_transfer() {
  if (transferring_) return;
  transferring_ = true;
  if (options_.content != nullptr) file_.expect(options_.content->find(options_.name));
}

// The server has answered the question for the size, in one way or another.
void TftpDownload::end_probe(Instant now, RomBoard& board) {
  const firmware::SizeProbe& probe = *manners_->probe;
  if (named_size_) {
    send_error(now, board, probe.abort_code, probe.abort_text);
    return finish(SizeKnown{});
  }
  send_error(now, board, probe.no_size_code, probe.no_size_text);
  finish(SizeUnknown{});
}

// Where a block lies, counted from 0; nullopt for a number no block can have.
std::optional<std::uint64_t> TftpDownload::index_of(std::uint16_t wire_block) const {
  if (manners_->out_of_order == TftpManners::OutOfOrder::Drop) {
    return tftp::unwrap_block(wire_block, first_gap_ + 1) - 1;
  }
  // iPXE's tftp_rx_data: all blocks belong to the lap of the next one.
  const std::uint64_t lap = (first_gap_ + 1) & ~std::uint64_t{0xffff};
  if (lap == 0 && wire_block == 0) return std::nullopt;
  return lap + wire_block - 1;
}

void TftpDownload::on_data(Instant now, RomBoard& board, const tftp::Data& data) {
  if (options_.read == Options::Read::SizeOnly) return end_probe(now, board);
  const bool drops = manners_->out_of_order == TftpManners::OutOfOrder::Drop;
  if (!transferring_) {
    if (drops && data.block != 1) {
      return board.tell_ignored(now, *peer_, Ignored::UnusableReply);
    }
    board.tell(now, FileSized{options_.name, std::nullopt, block_size_});
  }
  ByteView payload = data.payload;
  if (payload.size() > block_size_) {
    if (!transferring_ || manners_->overlong_data == TftpManners::OverlongData::Fail) {
      return refuse(
          now, board,
          {Unusable::What::Data, fmt::format("DATA {} holds {} octets, more than the block size {}",
                                             data.block, payload.size(), block_size_)});
    }
    payload = payload.first(block_size_);
  }
  begin_transfer();
  const auto index = index_of(data.block);
  if (!index && !drops) return refuse(now, board, {Unusable::What::Data, "the server sent DATA 0"});
  const std::uint64_t in_order = first_gap_;
  if (index && take(*index, payload)) {
    timer_.on_reply(now);
  } else if (manners_->wrong_block == TftpManners::WrongBlock::RestartsTimer) {
    timer_.on_reply(now);
  }
  if (const auto offset = file_.first_difference(ReceivedFile::Judge::SoFar)) {
    return finish(Different{*offset});
  }
  if (closes_early()) {
    send_error(now, board, static_cast<std::uint16_t>(tftp::ErrorCode::NotDefined),
               manners_->close_text);
  } else {
    // RFC 7440 s.4: one ACK for a whole window, and at once where something is missing.
    unacknowledged_ += first_gap_ - in_order;
    const bool complete = is_complete(payload.size());
    const bool next_in_order = first_gap_ > in_order && unacknowledged_ < window_;
    if (complete || !next_in_order) send_ack(now, board);
    if (!complete) return;
  }
  if (const auto offset = file_.first_difference(ReceivedFile::Judge::Complete)) {
    return finish(Different{*offset});
  }
  finish(Complete{});
}

// True when the file is read to its named size and the block that would end it is not wanted.
bool TftpDownload::closes_early() const {
  return manners_->read_to_size == TftpManners::ReadToSize::ClosesEarly &&
         options_.read == Options::Read::ToKnownSize && named_size_ &&
         file_.size() == *named_size_ && file_.size() == first_gap_ * block_size_;
}

// True when the block is new and of use.
bool TftpDownload::take(std::uint64_t index, ByteView payload) {
  if (index < first_gap_ || ahead_.contains(index)) {
    ++duplicates_;
    return false;
  }
  if (index > first_gap_ &&
      (manners_->out_of_order == TftpManners::OutOfOrder::Drop || ahead_.size() >= kBlocksAhead)) {
    return false;
  }
  const std::uint64_t offset = index * block_size_;
  file_.on_octets(offset, payload);
  known_size_ = std::max(known_size_, offset + payload.size());
  if (index > first_gap_) {
    ahead_.insert(index);
    return true;
  }
  // Who counts blocks by the file's size counts none of an empty file: iPXE answers its DATA 1 with
  // ACK 0 (measured).
  if (manners_->end == TftpManners::End::AllBlocks && known_size_ == 0) return true;
  ++first_gap_;
  while (!ahead_.empty() && *ahead_.begin() == first_gap_) {
    ahead_.erase(ahead_.begin());
    ++first_gap_;
  }
  return true;
}

bool TftpDownload::is_complete(std::size_t last_length) const {
  switch (manners_->end) {
    case TftpManners::End::ShortBlock:
      return first_gap_ > 0 && file_.size() < first_gap_ * block_size_ && last_length < block_size_;
    case TftpManners::End::AllBlocks:
      // A file that fills its last block is followed by an empty one.
      return known_size_ == 0 || first_gap_ == known_size_ / block_size_ + 1;
  }
  return false;
}

void TftpDownload::on_error(Instant now, RomBoard& board, const tftp::Error& error) {
  if (transferring_ && manners_->error_in_transfer == TftpManners::ErrorInTransfer::PassOver) {
    return board.tell_ignored(now, *peer_, Ignored::UnusableReply);
  }
  board.tell(now, FileMissing{options_.name, error.code, error.text});
  finish(ServerError{error.code, error.text});
}

void TftpDownload::refuse(Instant now, RomBoard& board, Unusable unusable) {
  if (!manners_->refusal_text.empty()) {
    send_error(now, board, manners_->refusal_code, manners_->refusal_text);
  }
  finish(std::move(unusable));
}

void TftpDownload::send_error(Instant now, RomBoard& board, std::uint16_t code,
                              std::string_view text) {
  Bytes error;
  tftp::encode_error(static_cast<tftp::ErrorCode>(code), text, error);
  board.ip.send(now, options_.port, *peer_, error);
}

void TftpDownload::on_timeout(Instant now, RomBoard& board) {
  if (ending_ || !timer_.is_due(now)) return;
  if (timer_.on_expiry(now) == RetryTimer::Expiry::GiveUp) {
    return finish(Silent{transferring_ ? Silent::During::Transfer : Silent::During::Opening});
  }
  ++asked_again_;
  if (!transferring_ && manners_->port_per_try) ++options_.port;
  if (!transferring_ && options_.read == Options::Read::SizeOnly && manners_->probe->tries > 0 &&
      asked_again_ >= manners_->probe->tries) {
    return finish(SizeKnown{});  // it gives up asking for the size only
  }
  if (transferring_) {
    send_ack(now, board);
  } else {
    send_request(now, board);
  }
}

void TftpDownload::finish(Ending ending) {
  timer_.stop();
  ending_ = std::move(ending);
}

}  // namespace pxeproof::rom
