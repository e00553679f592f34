#include "conformance/read_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/fixture.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::conformance {

namespace {

// A client that is right by the letter of RFC 1350, 2347 and 7440, and loses what it is told to.
//
//   Asked --OACK--> Transferring --short block--> (done)
//     '----DATA 1------^   ^  |
//                          '--' DATA in order; a gap or repetition acknowledges the last one again
class ReadStep : public Script::Step {
 public:
  ReadStep(Read what, JudgeRead judge) : what_(std::move(what)), judge_(std::move(judge)) {}

  void enter(Script& script) override;
  Take on_reply(Script& script, const Reply& reply) override;
  void on_deadline(Script& script) override;

 private:
  void ask(Script& script);
  void on_oack(Script& script, const tftp::Oack& oack);
  void on_data(Script& script, const tftp::Data& data);
  void acknowledge(Script& script, std::uint64_t block);
  void send_ack(Script& script, std::uint64_t block);
  bool is_right(std::uint64_t block, ByteView octets) const;
  std::uint64_t size() const;
  void end(Script& script, ReadResult::Ending ending, std::string fault = {});

  Read what_;
  JudgeRead judge_;
  FlowPtr flow_;
  const FixtureEntry* entry_ = nullptr;
  ReadResult result_;
  Instant asked_{};
  bool answered_ = false;
  bool oack_pending_loss_ = false;
  bool agreed_ = false;
  std::uint64_t block_size_ = tftp::kDefaultBlockSize;
  std::uint64_t window_ = 1;
  std::uint64_t received_ = 0;  // blocks in order
  std::uint64_t acknowledged_ = 0;
  std::set<std::uint64_t> lost_data_;
  std::set<std::uint64_t> lost_acks_;
  std::optional<std::uint64_t> thinking_;  // the block to acknowledge then
};

void ReadStep::enter(Script& script) {
  flow_ = what_.flow ? what_.flow : script.flow(what_.host, what_.port);
  entry_ = find_fixture(what_.file);
  lost_data_ = what_.lose_data;
  lost_acks_ = what_.lose_acks;
  oack_pending_loss_ = what_.lose_oack;
  asked_ = script.now();
  ask(script);
}

void ReadStep::ask(Script& script) {
  tftp::Request request = rrq(what_.file, what_.options);
  request.mode = what_.mode;
  Bytes payload = tftp::encode(request);
  script.note_sent(tftp_words(payload));
  script.put_tftp(*flow_, std::move(payload));
  const Instant last = asked_ + what_.patience;
  const bool again = what_.ask_again > Duration{0} && script.now() + what_.ask_again < last;
  wait_until(again ? script.now() + what_.ask_again : last);
}

std::uint64_t ReadStep::size() const {
  if (what_.content) return what_.content->size();
  if (entry_ == nullptr) return 0;
  return entry_->text.empty() ? entry_->size : entry_->text.size();
}

bool ReadStep::is_right(std::uint64_t block, ByteView octets) const {
  const std::uint64_t offset = (block - 1) * block_size_;
  if (what_.content) {
    const ByteView whole(*what_.content);
    return offset + octets.size() <= whole.size() &&
           equal(whole.subspan(static_cast<std::size_t>(offset), octets.size()), octets);
  }
  if (entry_ == nullptr) return false;
  const bool at_an_end = offset < kMebibyte || offset + octets.size() + kMebibyte > size();
  if (what_.look == Read::Look::Ends && !at_an_end) return offset + octets.size() <= size();
  return is_fixture(*entry_, offset, octets);
}

Script::Step::Take ReadStep::on_reply(Script& script, const Reply& reply) {
  if (!belongs(reply, *flow_)) return Take::Left;
  if (!answered_) {
    answered_ = true;
    flow_->server = reply.source;
    flow_->has_transfer_port = true;
    result_.server_port = reply.source.port;
    result_.until_first = script.now() - asked_;
  } else if (reply.source != flow_->server) {
    // A second answer to the request: RFC 1350 s.4.
    Bytes payload;
    tftp::encode_error(tftp::ErrorCode::UnknownTransferId, "unknown transfer", payload);
    Flow stranger = *flow_;
    stranger.server = reply.source;
    if (!reply.as_error()) script.put_tftp(stranger, payload);
    return Take::Taken;
  }
  if (!thinking_) wait_until(script.now() + what_.patience);
  const auto packet = reply.tftp();
  if (!packet) {
    end(script, ReadResult::Ending::Wrong,
        fmt::format("a packet of {} octets that is no TFTP", reply.payload.size()));
    return Take::Taken;
  }
  if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
    result_.error = *error;
    end(script, ReadResult::Ending::Refused);
  } else if (const auto* oack = std::get_if<tftp::Oack>(&*packet)) {
    on_oack(script, *oack);
  } else if (const auto* data = std::get_if<tftp::Data>(&*packet)) {
    on_data(script, *data);
  } else {
    end(script, ReadResult::Ending::Wrong, reply.words());
  }
  return Take::Taken;
}

void ReadStep::on_oack(Script& script, const tftp::Oack& oack) {
  if (oack_pending_loss_) {
    oack_pending_loss_ = false;
    result_.oack = oack;
    return;
  }
  if (result_.oack && (agreed_ || what_.lose_oack)) {
    ++result_.resent;
    if (*result_.oack != oack) {
      return end(script, ReadResult::Ending::Wrong,
                 "an OACK that says" + option_words(oack.options) + " where it said" +
                     option_words(result_.oack->options));
    }
  }
  if (received_ > 0) return;
  result_.oack = oack;
  if (!agreed_) {
    tftp::Request request = rrq(what_.file, what_.options);
    const auto agreement = tftp::agree(request, oack);
    if (!agreement) {
      return end(script, ReadResult::Ending::Wrong,
                 fmt::format("OACK{}: {}", option_words(oack.options),
                             tftp::to_string(agreement.error())));
    }
    agreed_ = true;
    block_size_ = agreement->block_size;
    window_ = agreement->window_size;
  }
  acknowledge(script, 0);
}

void ReadStep::on_data(Script& script, const tftp::Data& data) {
  const std::uint64_t block = tftp::unwrap_block(data.block, received_ + 1);
  if (result_.oack && !agreed_) {
    return end(script, ReadResult::Ending::Wrong,
               fmt::format("DATA {} before the OACK was acknowledged", data.block));
  }
  if (const auto lost = lost_data_.find(block); lost != lost_data_.end()) {
    lost_data_.erase(lost);
    return;
  }
  if (block > received_ + window_ || block == 0) {
    return end(
        script, ReadResult::Ending::Wrong,
        fmt::format("DATA {} where DATA {} was due", data.block, tftp::wire_block(received_ + 1)));
  }
  if (block <= received_) {
    ++result_.resent;
    if (!is_right(block, data.payload) ||
        (block * block_size_ <= size() && data.payload.size() != block_size_)) {
      return end(script, ReadResult::Ending::Wrong,
                 fmt::format("DATA {} of {} octets came again with other octets", data.block,
                             data.payload.size()));
    }
    return acknowledge(script, received_);
  }
  if (block != received_ + 1) {
    // RFC 7440 s.4: a gap is answered with the last block that came in order.
    if (acknowledged_ != received_) acknowledge(script, received_);
    return;
  }
  if (data.payload.size() > block_size_) {
    return end(script, ReadResult::Ending::Wrong,
               fmt::format("DATA {} of {} octets, blksize is {}", data.block, data.payload.size(),
                           block_size_));
  }
  if (!is_right(block, data.payload)) {
    return end(
        script, ReadResult::Ending::Wrong,
        fmt::format("DATA {} ({} octets) is not the file's", data.block, data.payload.size()));
  }
  received_ = block;
  result_.octets += data.payload.size();
  result_.last_block = block;
  result_.last_wire_block = data.block;
  result_.last_size = data.payload.size();
  const bool is_last = data.payload.size() < block_size_;
  if (is_last && result_.octets != size()) {
    return end(script, ReadResult::Ending::Wrong,
               fmt::format("the transfer ended after {} of {} octets", result_.octets, size()));
  }
  if (what_.stop_after != 0 && block >= what_.stop_after) {
    return end(script, ReadResult::Ending::Stopped);
  }
  if (is_last || block - acknowledged_ >= window_) acknowledge(script, block);
}

void ReadStep::acknowledge(Script& script, std::uint64_t block) {
  if (what_.think_time > Duration{0}) {
    thinking_ = block;
    return wait_until(script.now() + what_.think_time);
  }
  send_ack(script, block);
}

void ReadStep::send_ack(Script& script, std::uint64_t block) {
  acknowledged_ = block;
  const bool is_last = received_ > 0 && block == received_ && result_.last_size < block_size_;
  if (const auto lost = lost_acks_.find(block); lost != lost_acks_.end()) {
    lost_acks_.erase(lost);
    return;
  }
  script.put_tftp(*flow_, tftp::encode(tftp::Ack{tftp::wire_block(block), {}}));
  if (is_last) end(script, ReadResult::Ending::Complete);
}

void ReadStep::on_deadline(Script& script) {
  if (thinking_) {
    const std::uint64_t block = *thinking_;
    thinking_.reset();
    wait_until(script.now() + what_.patience);
    return send_ack(script, block);
  }
  if (!answered_ && script.now() < asked_ + what_.patience) return ask(script);
  end(script, ReadResult::Ending::Silent);
}

void ReadStep::end(Script& script, ReadResult::Ending ending, std::string fault) {
  result_.ending = ending;
  result_.fault = std::move(fault);
  result_.took = script.now() - asked_;
  finish();
  if (ending == ReadResult::Ending::Wrong) {
    // No session is left behind, and no server goes on sending.
    Bytes payload;
    tftp::encode_error(tftp::ErrorCode::NotDefined, "wrong answer", payload);
    script.put_tftp(*flow_, payload);
  }
  if (judge_) return script.rule(judge_(result_));
  if (ending == ReadResult::Ending::Complete || ending == ReadResult::Ending::Stopped) return;
  script.rule(refuse(fmt::format("\"{}\": {}", what_.file, result_.words())));
}

}  // namespace

std::string ReadResult::words() const {
  switch (ending) {
    case Ending::Complete:
      return "the whole file";
    case Ending::Refused:
      return fmt::format("ERROR {}", error ? error->code : 0);
    case Ending::Silent:
      return last_block == 0 ? std::string("no DATA") : std::string("the server fell silent");
    case Ending::Wrong:
      return fault;
    case Ending::Stopped:
      return "stopped";
  }
  return {};
}

std::unique_ptr<Script::Step> make_read_step(Read what, JudgeRead judge) {
  return std::make_unique<ReadStep>(std::move(what), std::move(judge));
}

}  // namespace pxeproof::conformance
