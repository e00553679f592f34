#include "trace/transfer_tracker.h"

#include "protocol/tftp/negotiation.h"

namespace pxeproof::trace {

namespace {

// More open transfers than any boot has: a flood of requests must not grow without bound.
constexpr std::size_t kMaximumOpen = 65536;

}  // namespace

void TransferTracker::end(std::map<Key, Open>::iterator which, TransferStep::Outcome outcome) {
  Open& open = which->second;
  open.transfer.outcome = outcome;
  if (open.content_whole && open.transfer.octets > 0) open.transfer.sha256 = open.hash.hex();
  ended_.push_back({std::move(open.transfer), open.first_packet, open.last_packet});
  open_.erase(which);
}

void TransferTracker::finish() {
  while (!open_.empty()) {
    const auto first = open_.begin();
    end(first, first->second.answered ? TransferStep::Outcome::Unfinished
                                      : TransferStep::Outcome::Unanswered);
  }
}

std::optional<TransferTracker::Ended> TransferTracker::poll_ended() {
  if (ended_.empty()) return std::nullopt;
  Ended ended = std::move(ended_.front());
  ended_.pop_front();
  return ended;
}

void TransferTracker::on_request(std::uint32_t number, Instant at, const Endpoint& client,
                                 const Endpoint& server, const tftp::Request& request) {
  if (request.opcode != tftp::Opcode::Rrq) return;
  const Key key{client, server.address};
  const auto known = open_.find(key);
  if (known != open_.end()) {
    if (!known->second.answered && known->second.transfer.filename == request.filename) {
      ++known->second.transfer.resent;
      known->second.last_packet = number;
      known->second.transfer.ended = at;
      return;
    }
    end(known, known->second.answered ? TransferStep::Outcome::Unfinished
                                      : TransferStep::Outcome::Unanswered);
  }
  if (open_.size() >= kMaximumOpen) {
    end(open_.begin(), TransferStep::Outcome::Unfinished);
  }
  Open open;
  open.transfer.client = client;
  open.transfer.server = server;
  open.transfer.filename = request.filename;
  open.transfer.mode = request.mode;
  open.transfer.requested = request.options;
  open.transfer.begun = at;
  open.transfer.ended = at;
  open.first_packet = number;
  open.last_packet = number;
  open_.emplace(key, std::move(open));
}

void TransferTracker::on_data(Open& open, const tftp::Data& data) {
  TransferStep& transfer = open.transfer;
  const std::uint64_t block = tftp::unwrap_block(data.block, transfer.blocks + 1);
  if (block <= transfer.blocks) {
    ++transfer.resent;
    return;
  }
  // A gap means that the capture, or the wire, lost a block that did reach the client.
  if (block != transfer.blocks + 1) open.content_whole = false;
  transfer.blocks = block;
  transfer.octets += data.payload.size();
  open.hash.update(data.payload);
  if (data.payload.size() < transfer.block_size) open.last_block = block;
}

void TransferTracker::on_server_packet(Open& open, Instant at, const tftp::Packet& packet) {
  open.transfer.ended = at;
  if (const auto* oack = std::get_if<tftp::Oack>(&packet)) {
    if (open.answered) ++open.transfer.resent;
    open.transfer.acknowledged = oack->options;
    for (const tftp::Option& option : oack->options) {
      const auto value = tftp::parse_number(option.value);
      if (value && *value > 0 && *value <= tftp::kMaximumBlockSize &&
          tftp::same_word(option.name, "blksize")) {
        open.transfer.block_size = static_cast<std::uint16_t>(*value);
      }
    }
  } else if (const auto* data = std::get_if<tftp::Data>(&packet)) {
    on_data(open, *data);
  }
  open.answered = true;
}

void TransferTracker::on_datagram(std::uint32_t number, Instant at, const Endpoint& source,
                                  const Endpoint& destination, ByteView payload) {
  const auto packet = tftp::decode(payload);
  if (!packet) return;
  if (destination.port == tftp::kPort) {
    if (const auto* request = std::get_if<tftp::Request>(&*packet)) {
      on_request(number, at, source, destination, *request);
      return;
    }
  }
  if (const auto from_server = open_.find({destination, source.address});
      from_server != open_.end()) {
    Open& open = from_server->second;
    if (!open.answered) open.transfer.server = source;
    if (open.transfer.server != source) return;
    open.last_packet = number;
    on_server_packet(open, at, *packet);
    if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
      open.transfer.error_code = error->code;
      open.transfer.error_text = error->text;
      end(from_server, TransferStep::Outcome::Refused);
    }
    return;
  }
  const auto from_client = open_.find({source, destination.address});
  if (from_client == open_.end() || from_client->second.transfer.server != destination) return;
  Open& open = from_client->second;
  open.last_packet = number;
  open.transfer.ended = at;
  if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
    open.transfer.error_code = error->code;
    open.transfer.error_text = error->text;
    end(from_client, TransferStep::Outcome::Aborted);
  } else if (const auto* ack = std::get_if<tftp::Ack>(&*packet)) {
    if (open.last_block && tftp::wire_block(*open.last_block) == ack->block) {
      end(from_client, TransferStep::Outcome::Complete);
    }
  }
}

}  // namespace pxeproof::trace
