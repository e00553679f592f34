#include "trace/transfer_tracker.h"

#include <algorithm>

#include "firmware/boot_image.h"
#include "protocol/tftp/negotiation.h"
#include "trace/boot_files.h"

namespace pxeproof::trace {

namespace {

// More open transfers than any boot has: a flood of requests must not grow without bound.
constexpr std::size_t kMaximumOpen = 65536;
// How many transfers that the client stopped are remembered.
constexpr std::size_t kRememberedStops = 16;
// Packets that came late and are told one by one.
constexpr std::size_t kMaximumLate = 1024;
constexpr std::uint64_t kBlocksBeforeWrap = 65535;

// A read request that the snap length cut within its name or mode.
std::optional<tftp::Request> read_cut_request(const SeenPacket& seen) {
  constexpr std::size_t kOpcodeSize = 2;
  if (!seen.is_cut() || tftp::peek_opcode(seen.payload) != tftp::Opcode::Rrq) return std::nullopt;
  const std::string rest = as_text(seen.payload.subspan(kOpcodeSize));
  if (rest.empty()) return std::nullopt;
  tftp::Request request;
  const std::size_t end = rest.find('\0');
  request.filename = rest.substr(0, end);
  if (end == std::string_view::npos) request.filename += kCutNameMark;
  return request;
}

// One DATA, and how many octets its content had on the wire.
struct Piece {
  tftp::Data data;
  std::size_t content_size = 0;
};

// A server that leaves the cutting to its card hands the capture of its own machine a window in one
// packet (UDP segmentation offload, udp(7)): DATA of one size, each behind its header.
std::vector<Piece> cut_joined(const TransferStep& transfer, const tftp::Data& data,
                              std::size_t content_size) {
  std::vector<Piece> pieces;
  std::uint16_t block = data.block;
  ByteView content = data.payload;
  std::size_t left = content_size;
  while (left >= transfer.block_size + tftp::kDataHeaderSize) {
    const std::size_t shown = std::min<std::size_t>(content.size(), transfer.block_size);
    const ByteView behind = content.subspan(shown);
    const auto next = tftp::decode(behind);
    const auto* following = next ? std::get_if<tftp::Data>(&*next) : nullptr;
    const auto next_block = static_cast<std::uint16_t>(block + 1);
    // What a snap length has cut off is taken for a window where there may be one.
    const bool is_hidden = behind.size() < tftp::kDataHeaderSize && transfer.window_size > 1;
    const bool goes_on = following != nullptr ? following->block == next_block : is_hidden;
    if (!goes_on) return {{data, content_size}};
    pieces.push_back({{block, content.first(shown)}, transfer.block_size});
    block = next_block;
    content = following != nullptr ? following->payload : ByteView{};
    left -= transfer.block_size + tftp::kDataHeaderSize;
  }
  if (left > transfer.block_size) return {{data, content_size}};
  pieces.push_back({{block, content}, left});
  return pieces;
}

bool is_same_request(const TransferStep& transfer, const tftp::Request& request) {
  return transfer.filename == request.filename && transfer.requested == request.options;
}

}  // namespace

void TransferTracker::end(std::map<Key, Open>::iterator which, TransferStep::Outcome outcome) {
  Open& open = which->second;
  open.transfer.outcome = outcome;
  if (open.ahead && open.ahead->passed_over) {
    open.transfer.misnumbered = {.number = tftp::wire_block(open.ahead->block),
                                 .due = tftp::wire_block(open.transfer.blocks + 1),
                                 .packet = open.ahead->packet};
  }
  if (open.content_whole && open.transfer.octets > 0) open.transfer.sha256 = open.hash.hex();
  if (!open.content_whole && open.last_block) {
    open.transfer.octets = (*open.last_block - 1) * open.transfer.block_size + open.last_block_size;
  }
  if (outcome == TransferStep::Outcome::Aborted) {
    stopped_.push_back({which->first, open.first_packet});
    if (stopped_.size() > kRememberedStops) stopped_.pop_front();
  }
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

std::vector<TransferTracker::Ended> TransferTracker::look_at_open() const {
  std::vector<Ended> all;
  for (const auto& [key, open] : open_) {
    all.push_back({open.transfer, open.first_packet, open.last_packet});
    all.back().transfer.outcome =
        open.answered ? TransferStep::Outcome::Unfinished : TransferStep::Outcome::Unanswered;
  }
  return all;
}

std::optional<TransferTracker::Late> TransferTracker::poll_late() {
  if (late_.empty()) return std::nullopt;
  const Late late = late_.front();
  late_.pop_front();
  return late;
}

bool TransferTracker::knows(const Endpoint& client) const {
  const auto open = open_.lower_bound({client, Ipv4Address{}});
  if (open != open_.end() && open->first.first == client) return true;
  return std::ranges::any_of(stopped_,
                             [&](const Stopped& stop) { return stop.key.first == client; });
}

void TransferTracker::on_fragment(Ipv4Address server, Ipv4Address client) {
  for (auto& [key, open] : open_) {
    if (key.first.address == client && key.second == server) ++open.transfer.fragments;
  }
}

void TransferTracker::touch(Open& open, std::uint32_t number, Instant at, TransferStep::Side side) {
  TransferStep& transfer = open.transfer;
  transfer.longest_pause = std::max(transfer.longest_pause, at - transfer.ended);
  transfer.ended = at;
  transfer.last_sender = side;
  open.last_packet = number;
}

void TransferTracker::on_request(std::uint32_t number, Instant at, const SeenPacket& seen,
                                 const tftp::Request& request) {
  if (request.opcode != tftp::Opcode::Rrq) return;
  const Key key{seen.source, seen.destination.address};
  const auto known = open_.find(key);
  if (known != open_.end()) {
    Open& open = known->second;
    // A client that has acknowledged nothing repeats its request: the answers did not reach it.
    // The server may answer from another port this time.
    if (open.transfer.acknowledgements == 0 && is_same_request(open.transfer, request)) {
      ++open.transfer.resent;
      ++open.transfer.requests;
      touch(open, number, at, TransferStep::Side::Client);
      return;
    }
    end(known,
        open.answered ? TransferStep::Outcome::Unfinished : TransferStep::Outcome::Unanswered);
  }
  if (open_.size() >= kMaximumOpen) {
    end(open_.begin(), TransferStep::Outcome::Unfinished);
  }
  std::erase_if(stopped_, [&](const Stopped& stop) { return stop.key == key; });
  Open open;
  open.transfer.client = seen.source;
  open.transfer.server = seen.destination;
  open.transfer.asked = seen.destination.address;
  open.transfer.packet = seen.facts;
  open.transfer.filename = request.filename;
  open.transfer.name_cut = seen.is_cut() && request.filename.ends_with(kCutNameMark);
  open.transfer.request_cut = seen.is_cut();
  open.transfer.mode = request.mode;
  open.transfer.requested = request.options;
  open.transfer.begun = at;
  open.transfer.ended = at;
  open.first_packet = number;
  open.last_packet = number;
  open_.emplace(key, std::move(open));
}

void TransferTracker::take_block(Open& open, std::uint64_t block, std::size_t content_size) {
  TransferStep& transfer = open.transfer;
  transfer.blocks = block;
  transfer.octets += content_size;
  if (content_size < transfer.block_size) {
    open.last_block = block;
    open.last_block_size = content_size;
    transfer.last_block_seen = true;
  }
}

void TransferTracker::on_data(Open& open, std::uint32_t number, const tftp::Data& data,
                              std::size_t content_size) {
  TransferStep& transfer = open.transfer;
  const std::uint64_t block = tftp::unwrap_block(data.block, transfer.blocks + 1);
  // Some servers go on with block 1 where block 0 follows 65535.
  const bool restarts = data.block == 1 && transfer.blocks > 0 &&
                        transfer.blocks % (kBlocksBeforeWrap + 1) == kBlocksBeforeWrap;
  if (restarts) transfer.wrapped_wrong = true;
  if (block <= transfer.blocks) {
    ++transfer.resent;
    return;
  }
  const bool goes_on = open.ahead && !open.ahead->passed_over && block == open.ahead->block + 1;
  if (block > transfer.blocks + transfer.window_size && !goes_on) {
    if (open.ahead && open.ahead->block == block) {
      ++transfer.resent;
    } else {
      open.ahead = {block, content_size, number};
    }
    return;
  }
  if (goes_on) take_block(open, open.ahead->block, open.ahead->content_size);
  open.ahead.reset();
  // A gap means that the capture, or the wire, lost a block that did reach the client.
  if (goes_on || block != transfer.blocks + 1 || content_size != data.payload.size()) {
    open.content_whole = false;
  }
  if (block == 1) {
    transfer.head = FileHead::of(data.payload);
  }
  open.hash.update(data.payload);
  take_block(open, block, content_size);
}

void TransferTracker::on_ack(Open& open, std::uint16_t block) {
  TransferStep& transfer = open.transfer;
  ++transfer.acknowledgements;
  const std::uint64_t acknowledged =
      tftp::unwrap_block(block, std::max<std::uint64_t>(transfer.blocks, 1));
  transfer.acknowledged_block = std::max(transfer.acknowledged_block, acknowledged);
  if (!open.ahead) return;
  if (acknowledged <= transfer.blocks) {
    open.ahead->passed_over = true;
    return;
  }
  // The client has more than the capture shows.
  transfer.blocks = acknowledged;
  open.content_whole = false;
  if (open.ahead->block > acknowledged + transfer.window_size) return;
  if (open.ahead->block >= acknowledged) {
    take_block(open, open.ahead->block, open.ahead->content_size);
  }
  open.ahead.reset();
}

void TransferTracker::on_oack(Open& open, const tftp::Oack& oack) {
  TransferStep& transfer = open.transfer;
  if (open.answered) ++transfer.resent;
  ++transfer.oacks;
  if (transfer.acknowledgements > 0 && transfer.blocks == 0) ++transfer.oacks_after_ack;
  transfer.acknowledged = oack.options;
  for (const tftp::Option& option : oack.options) {
    const auto value = tftp::parse_number(option.value);
    if (!value || *value == 0 || *value > tftp::kMaximumBlockSize) continue;
    if (tftp::same_word(option.name, "blksize")) {
      transfer.block_size = static_cast<std::uint16_t>(*value);
    } else if (tftp::same_word(option.name, "windowsize")) {
      transfer.window_size = static_cast<std::uint16_t>(*value);
    }
  }
}

void TransferTracker::on_server_packet(Open& open, std::uint32_t number, Instant at,
                                       const tftp::Packet& packet, std::size_t content_size) {
  if (!open.transfer.first_answer) open.transfer.first_answer = at;
  if (const auto* oack = std::get_if<tftp::Oack>(&packet)) {
    on_oack(open, *oack);
  } else if (const auto* data = std::get_if<tftp::Data>(&packet)) {
    if (content_size <= open.transfer.block_size) {
      on_data(open, number, *data, content_size);
    } else {
      for (const Piece& piece : cut_joined(open.transfer, *data, content_size)) {
        on_data(open, number, piece.data, piece.content_size);
      }
    }
  }
  open.answered = true;
}

void TransferTracker::from_server(std::map<Key, Open>::iterator which, std::uint32_t number,
                                  const SeenPacket& seen) {
  Open& open = which->second;
  TransferStep& transfer = open.transfer;
  // Until the client acknowledges, each repetition of the request may be answered from a new port.
  if (!open.answered || (transfer.requests > 1 && transfer.acknowledgements == 0)) {
    transfer.server = seen.source;
  }
  if (transfer.server != seen.source) return;
  if (seen.is_fragment) ++transfer.fragments;
  const auto packet = tftp::decode(seen.payload);
  if (!packet) {
    ++transfer.runts;
    touch(open, number, now_, TransferStep::Side::Server);
    return;
  }
  touch(open, number, now_, TransferStep::Side::Server);
  const std::size_t content_size =
      seen.payload_size < tftp::kDataHeaderSize ? 0 : seen.payload_size - tftp::kDataHeaderSize;
  on_server_packet(open, number, now_, *packet, content_size);
  if (std::holds_alternative<tftp::Oack>(*packet)) transfer.oack_cut = seen.is_cut();
  if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
    transfer.error_cut = seen.is_cut();
    transfer.error_code = error->code;
    transfer.error_text = error->text;
    end(which, TransferStep::Outcome::Refused);
  }
}

void TransferTracker::from_client(std::map<Key, Open>::iterator which, std::uint32_t number,
                                  const SeenPacket& seen) {
  Open& open = which->second;
  TransferStep& transfer = open.transfer;
  if (transfer.server != seen.destination) return;
  const auto packet = tftp::decode(seen.payload);
  if (!packet) return;
  touch(open, number, now_, TransferStep::Side::Client);
  if (const auto* error = std::get_if<tftp::Error>(&*packet)) {
    transfer.error_cut = seen.is_cut();
    transfer.error_code = error->code;
    transfer.error_text = error->text;
    transfer.error_by_client = true;
    end(which, TransferStep::Outcome::Aborted);
  } else if (const auto* ack = std::get_if<tftp::Ack>(&*packet)) {
    on_ack(open, ack->block);
    if (open.last_block && tftp::wire_block(*open.last_block) == ack->block) {
      end(which, TransferStep::Outcome::Complete);
    }
  }
}

bool TransferTracker::is_stranger(std::uint32_t number, const SeenPacket& seen) {
  const auto open = open_.lower_bound({seen.destination, Ipv4Address{}});
  if (open == open_.end() || open->first.first != seen.destination || open->second.answered) {
    return false;
  }
  if (!tftp::decode(seen.payload)) return false;
  if (!open->second.transfer.stranger) {
    open->second.transfer.stranger = TransferStep::Stranger{seen.source, number};
  }
  return true;
}

bool TransferTracker::is_late(std::uint32_t number, const SeenPacket& seen) {
  const auto stop = std::ranges::find_if(stopped_, [&](const Stopped& stopped) {
    return stopped.key == Key{seen.destination, seen.source.address};
  });
  if (stop == stopped_.end()) return false;
  const bool is_oack = tftp::peek_opcode(seen.payload) == tftp::Opcode::Oack;
  if (late_told_ < kMaximumLate) {
    ++late_told_;
    late_.push_back({stop->first_packet, number, is_oack});
  }
  return true;
}

void TransferTracker::on_packet(std::uint32_t number, Instant at, const SeenPacket& seen) {
  now_ = at;
  if (seen.destination.port == tftp::kPort) {
    if (const auto packet = tftp::decode(seen.payload)) {
      if (const auto* request = std::get_if<tftp::Request>(&*packet)) {
        on_request(number, at, seen, *request);
        return;
      }
    } else if (const auto request = read_cut_request(seen)) {
      on_request(number, at, seen, *request);
      return;
    }
  }
  if (const auto open = open_.find({seen.destination, seen.source.address}); open != open_.end()) {
    from_server(open, number, seen);
    return;
  }
  if (const auto open = open_.find({seen.source, seen.destination.address}); open != open_.end()) {
    from_client(open, number, seen);
    return;
  }
  if (!is_stranger(number, seen)) is_late(number, seen);
}

}  // namespace pxeproof::trace
