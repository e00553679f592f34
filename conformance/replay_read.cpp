#include "conformance/replay_read.h"

#include "protocol/tftp/negotiation.h"

namespace pxeproof::conformance {

void ReplayRead::start(Instant now) {
  asked_ = now;
  send(now, tftp::encode(recorded_.request));
}

void ReplayRead::send(Instant now, Bytes payload) {
  last_ = payload;
  outgoing_ = Outgoing{server_port_.value_or(tftp::kPort), std::move(payload)};
  deadline_ = now + kRepeat;
}

void ReplayRead::end(Instant now, RecordedRead::Ending ending) {
  if (!has_ended_) result_.ending = ending;
  has_ended_ = true;
  deadline_ = now + kLinger;
}

std::optional<ReplayRead::Outgoing> ReplayRead::poll() {
  auto next = std::move(outgoing_);
  outgoing_.reset();
  return next;
}

void ReplayRead::on_packet(Instant now, std::uint16_t server_port, ByteView payload) {
  if (is_over_ || (server_port_ && *server_port_ != server_port)) return;
  const auto packet = tftp::decode(payload);
  if (!packet) return;
  if (!server_port_) {
    server_port_ = server_port;
    result_.first_answer_after = now - asked_;
    result_.ending = RecordedRead::Ending::Unfinished;
  }
  tries_ = 0;
  if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
    if (!has_ended_) result_.refusal = *error;
    return end(now, RecordedRead::Ending::Refused);
  }
  if (const auto* oack = std::get_if<tftp::Oack>(&*packet)) {
    if (has_ended_) return;
    result_.oack = *oack;
    const auto agreed = tftp::read_options(oack->options);
    block_size_ = agreed.block_size.value_or(tftp::kDefaultBlockSize);
    window_ = agreed.window_size.value_or(1);
    const bool aborts = recorded_.ending == RecordedRead::Ending::Aborted &&
                        recorded_.octets == 0 && recorded_.abort;
    if (!aborts) {
      return send(now, tftp::encode(tftp::Ack{0, {}}));
    }
    send(now, tftp::encode(*recorded_.abort));
    return end(now, RecordedRead::Ending::Aborted);
  }
  if (const auto* data = std::get_if<tftp::Data>(&*packet)) on_data(now, *data);
}

void ReplayRead::on_data(Instant now, const tftp::Data& data) {
  const std::uint64_t block = tftp::unwrap_block(data.block, blocks_ + 1);
  const bool is_next = block == blocks_ + 1 && !has_ended_;
  if (is_next) {
    blocks_ = block;
    ++in_window_;
    result_.octets = (block - 1) * block_size_ + data.payload.size();
  }
  const bool is_last = is_next && data.payload.size() < block_size_;
  // RFC 7440 s.4: the last block of a window is acknowledged; out of order, the last one in order.
  if (is_next && !is_last && in_window_ < window_) {
    deadline_ = now + kRepeat;
    return;
  }
  in_window_ = 0;
  send(now, tftp::encode(tftp::Ack{tftp::wire_block(blocks_), {}}));
  if (is_last || has_ended_) end(now, RecordedRead::Ending::Whole);
}

void ReplayRead::on_timeout(Instant now) {
  if (!deadline_ || now < *deadline_) return;
  if (has_ended_) {
    deadline_.reset();
    is_over_ = true;
    return;
  }
  if (++tries_ >= kTries) {
    deadline_.reset();
    is_over_ = true;
    return;
  }
  send(now, last_);
}

}  // namespace pxeproof::conformance
