#include "cli/faults/faulty_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/tftp/negotiation.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr Duration kHeldFor = 50ms;
constexpr std::size_t kMostTransfers = 4096;
constexpr std::size_t kMostClients = 4096;
constexpr std::size_t kMostLate = 65536;  // packets
constexpr std::size_t kMostHeld = 64;     // packets of one client
constexpr std::size_t kMostNotes = 100;   // of one fault

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kBootServerPort;
}

bool says(Said wanted, Said said) {
  switch (wanted) {
    case Said::All:
      return true;
    case Said::Dhcp:
      return said == Said::Offer || said == Said::Ack || said == Said::Ack4011 ||
             said == Said::Nak || said == Said::Dhcp;
    case Said::Tftp:
      return said == Said::Oack || said == Said::Data || said == Said::Error || said == Said::Tftp;
    case Said::Offer:
    case Said::Ack:
    case Said::Ack4011:
    case Said::Nak:
    case Said::Oack:
    case Said::Data:
    case Said::Error:
      return wanted == said;
  }
  return false;
}

Said said_by(const dhcp::MessageView& reply, std::uint16_t source_port) {
  switch (reply.type().value_or(dhcp::MessageType::Inform)) {
    case dhcp::MessageType::Offer:
      return Said::Offer;
    case dhcp::MessageType::Nak:
      return Said::Nak;
    case dhcp::MessageType::Ack:
      // A boot server leases nothing, whatever port it was asked at (PXE 2.1 s.2.2.3).
      return source_port == dhcp::kBootServerPort || !reply.has(dhcp::OptionCode::LeaseTime)
                 ? Said::Ack4011
                 : Said::Ack;
    case dhcp::MessageType::Discover:
    case dhcp::MessageType::Request:
    case dhcp::MessageType::Decline:
    case dhcp::MessageType::Release:
    case dhcp::MessageType::Inform:
      return Said::Dhcp;
  }
  return Said::Dhcp;
}

std::uint16_t block_of(ByteView packet) {
  return static_cast<std::uint16_t>(packet[2] << 8U | packet[3]);
}

bool has_block(ByteView packet, tftp::Opcode opcode) {
  return packet.size() >= tftp::kDataHeaderSize && tftp::peek_opcode(packet) == opcode;
}

// The name that was asked for, in full or behind its last slash.
bool is_file(std::string_view asked, std::string_view wanted) {
  if (asked == wanted) return true;
  const std::size_t slash = asked.find_last_of("/\\");
  return slash != std::string_view::npos && asked.substr(slash + 1) == wanted;
}

Bytes with_torn_option(dhcp::Message reply, std::uint8_t code) {
  const dhcp::Option* const option = reply.find(dhcp::OptionCode{code});
  const Bytes value = option == nullptr ? Bytes{} : option->value;
  reply.remove(dhcp::OptionCode{code});
  reply.end = false;
  reply.after_end.clear();
  std::erase_if(reply.options, [](const dhcp::Option& each) { return each.code == 0; });
  Bytes packet = dhcp::encode(reply);
  constexpr std::size_t kMissing = 8;
  const std::size_t length = std::min<std::size_t>(value.size() + kMissing, 255);
  packet.push_back(code);
  packet.push_back(static_cast<std::uint8_t>(length));
  packet.insert(packet.end(), value.begin(),
                value.begin() + static_cast<std::ptrdiff_t>(std::min(value.size(), length - 1)));
  return packet;
}

}  // namespace

FaultyService::FaultyService(DatagramService& inner, std::vector<Fault> faults, std::uint64_t seed)
    : inner_(inner), faults_(std::move(faults)), told_(faults_.size()) {
  const Random random(seed);
  for (std::size_t fault = 0; fault < faults_.size(); ++fault) {
    random_.push_back(random.fork(fault));
  }
}

bool FaultyService::is_silent(Instant now, const IncomingDatagram& datagram) {
  const std::uint16_t port = datagram.destination.port;
  for (std::size_t fault = 0; fault < faults_.size(); ++fault) {
    const auto* const silence = std::get_if<Silence>(&faults_[fault].action);
    if (silence == nullptr || silence->port != port) continue;
    const Instant first = first_heard_.try_emplace(port, now).first->second;
    if (silence->lasts && now - first >= *silence->lasts) continue;
    if (!random_[fault].chance(faults_[fault].which.probability)) continue;
    note(fault, "not heard: " + to_string(datagram.source));
    return true;
  }
  return false;
}

void FaultyService::on_datagram(Instant now, const IncomingDatagram& datagram) {
  now_ = now;
  if (is_silent(now, datagram)) return;
  if (is_dhcp_port(datagram.destination.port)) return inner_.on_datagram(now, datagram);
  IncomingDatagram heard = datagram;
  if (tftp::peek_opcode(datagram.payload) == tftp::Opcode::Rrq) {
    follow_request(datagram);
  } else {
    follow_client(datagram, heard);
  }
  inner_.on_datagram(now, heard);
}

// A request that comes again belongs to the transfer that it began: its count goes on, so that
// "drop OACK 1" drops one of them.
void FaultyService::follow_request(const IncomingDatagram& datagram) {
  auto packet = tftp::decode(datagram.payload);
  auto* const request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
  if (request == nullptr) return;
  const auto known = transfers_.find(datagram.source);
  if (known != transfers_.end() && !known->second.is_over &&
      equal(known->second.request_packet, datagram.payload)) {
    return;
  }
  if (transfers_.size() >= kMostTransfers) transfers_.clear();
  Transfer transfer;
  transfer.request = std::move(*request);
  transfer.request_packet.assign(datagram.payload.begin(), datagram.payload.end());
  transfers_[datagram.source] = std::move(transfer);
}

// Sees how far a client is, and hands what it sends to a port that only a fault spoke from to the
// real one. Its ERRORs are not handed on: they are for a stranger.
void FaultyService::follow_client(const IncomingDatagram& datagram, IncomingDatagram& heard) {
  const auto known = transfers_.find(datagram.source);
  if (known == transfers_.end()) return;
  Transfer& transfer = known->second;
  const bool is_ack = has_block(datagram.payload, tftp::Opcode::Ack);
  const bool is_elsewhere = transfer.port != 0 && datagram.destination.port != transfer.port;
  if (is_ack && is_elsewhere) heard.destination.port = transfer.port;
  if (is_ack && transfer.last_block &&
      block_of(datagram.payload) == tftp::wire_block(*transfer.last_block)) {
    transfer.is_over = true;
  }
  if (!is_elsewhere && tftp::peek_opcode(datagram.payload) == tftp::Opcode::Error) {
    transfer.is_over = true;
  }
}

void FaultyService::on_timeout(Instant now) {
  now_ = now;
  inner_.on_timeout(now);
  release_due(now);
}

bool FaultyService::poll_transmit(OutgoingDatagram& out) {
  while (ready_.empty() && inner_.poll_transmit(said_)) {
    said_.head.insert(said_.head.end(), said_.body.begin(), said_.body.end());
    said_.body = {};
    say(said_);
  }
  if (ready_.empty()) return false;
  out = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

std::optional<Instant> FaultyService::poll_timeout() const {
  std::optional<Instant> earliest = inner_.poll_timeout();
  const auto take = [&earliest](Instant instant) {
    if (!earliest || instant < *earliest) earliest = instant;
  };
  if (!late_.empty()) take(late_.begin()->first);
  for (const auto& [client, packets] : held_) {
    for (const auto& each : packets) take(each.first);
  }
  return earliest;
}

std::optional<std::string> FaultyService::poll_note() {
  if (notes_.empty()) return std::nullopt;
  std::string text = std::move(notes_.front());
  notes_.pop_front();
  return text;
}

std::optional<FaultyService::Reply> FaultyService::recognise_dhcp(
    const OutgoingDatagram& datagram) {
  const auto message = dhcp::MessageView::parse(datagram.head);
  if (!message) return std::nullopt;
  Reply reply;
  reply.is_dhcp = true;
  reply.said = said_by(*message, datagram.source.port);
  reply.client = message->mac();
  reply.name = fmt::format("{} to {}", to_string(reply.said), to_string(reply.client));
  return reply;
}

std::optional<FaultyService::Reply> FaultyService::recognise_tftp(
    const OutgoingDatagram& datagram) {
  const auto opcode = tftp::peek_opcode(datagram.head);
  if (!opcode) return std::nullopt;
  Reply reply;
  const auto known = transfers_.find(datagram.destination);
  Transfer* const transfer = known == transfers_.end() ? nullptr : &known->second;
  reply.transfer = transfer;
  if (transfer != nullptr) transfer->port = datagram.source.port;
  std::string number;
  if (*opcode == tftp::Opcode::Oack) {
    reply.said = Said::Oack;
    const auto packet = tftp::decode(datagram.head);
    const auto* const oack = packet ? std::get_if<tftp::Oack>(&*packet) : nullptr;
    if (transfer != nullptr && oack != nullptr) {
      for (const tftp::Option& option : oack->options) {
        if (!tftp::same_word(option.name, "blksize")) continue;
        transfer->block_size = tftp::parse_number(option.value).value_or(transfer->block_size);
      }
    }
    if (transfer != nullptr) transfer->is_agreed = true;
    reply.is_first = true;
  } else if (has_block(datagram.head, tftp::Opcode::Data)) {
    reply.said = Said::Data;
    const std::uint64_t highest = transfer == nullptr ? 0 : transfer->highest_sent;
    reply.block = tftp::unwrap_block(block_of(datagram.head), highest + 1);
    reply.is_again = reply.block <= highest;
    if (transfer != nullptr) {
      transfer->highest_sent = std::max(highest, reply.block);
      reply.is_last_block = datagram.head.size() < tftp::kDataHeaderSize + transfer->block_size;
      if (reply.is_last_block) transfer->last_block = reply.block;
      // Without options no OACK went before it.
      reply.is_first = reply.block == 1 && !transfer->is_agreed;
    }
    number = fmt::format(" {}", reply.block);
  } else {
    reply.said = *opcode == tftp::Opcode::Error ? Said::Error : Said::Tftp;
    if (transfer != nullptr && reply.said == Said::Error) transfer->is_over = true;
  }
  const std::string file =
      transfer == nullptr ? "" : " of " + printable(transfer->request.filename);
  reply.name = fmt::format("{}{}{} to {}", to_string(reply.said), number, file,
                           to_string(datagram.destination));
  return reply;
}

std::optional<FaultyService::Reply> FaultyService::recognise(const OutgoingDatagram& datagram) {
  auto reply =
      is_dhcp_port(datagram.source.port) ? recognise_dhcp(datagram) : recognise_tftp(datagram);
  if (reply) reply->size = datagram.head.size();
  return reply;
}

bool FaultyService::concerns_error(const SendError& error, const WhichPackets& which,
                                   const Reply& reply) const {
  if (!which.file.empty() && !is_file(reply.transfer->request.filename, which.file)) return false;
  if (error.at == 0) return reply.is_first;
  return reply.said == Said::Data && reply.block == error.at;
}

bool FaultyService::concerns(std::size_t fault, const Reply& reply) {
  const WhichPackets& which = faults_[fault].which;
  if (std::holds_alternative<Silence>(faults_[fault].action)) return false;
  if (const auto* const error = std::get_if<SendError>(&faults_[fault].action)) {
    return reply.transfer != nullptr && concerns_error(*error, which, reply) &&
           random_[fault].chance(which.probability);
  }
  if (!says(which.said, reply.said)) return false;
  if (which.client && *which.client != reply.client) return false;
  const bool has_file = reply.transfer != nullptr;
  if (!which.file.empty() &&
      (!has_file || !is_file(reply.transfer->request.filename, which.file))) {
    return false;
  }
  if (which.larger_than != 0 && reply.size <= which.larger_than) return false;
  if (which.is_numbered && !is_counted(fault, reply)) return false;
  return random_[fault].chance(which.probability);
}

// Whether the packet has one of the numbers that a fault is for. DATA has its own; the others are
// counted, each fault by itself.
bool FaultyService::is_counted(std::size_t fault, const Reply& reply) {
  const WhichPackets& which = faults_[fault].which;
  if (reply.is_again && which.again == WhichPackets::Again::Spared) return false;
  if (which.is_last_block) return reply.is_last_block;
  std::uint64_t number = reply.block;
  if (which.said != Said::Data) {
    if (clients_.size() >= kMostClients) clients_.clear();
    Counts& counts = reply.is_dhcp               ? clients_[reply.client]
                     : reply.transfer != nullptr ? reply.transfer->counts
                                                 : of_no_transfer_;
    number = ++counts[fault];
  }
  return number >= which.first && number <= which.last && number % which.every == 0;
}

void FaultyService::say(OutgoingDatagram datagram) {
  const auto reply = recognise(datagram);
  Transfer* const transfer = reply ? reply->transfer : nullptr;
  if (transfer != nullptr && transfer->is_cut_off) return;
  const Endpoint client = datagram.destination;
  std::vector<Outgoing> packets;
  packets.push_back({.datagram = std::move(datagram)});
  if (reply) {
    for (std::size_t fault = 0; fault < faults_.size(); ++fault) {
      if (concerns(fault, *reply)) apply(fault, *reply, packets);
    }
  }
  const bool releases = std::any_of(packets.begin(), packets.end(),
                                    [](const Outgoing& each) { return !each.is_held; });
  for (Outgoing& each : packets) send(std::move(each));
  if (releases) release_held(client);
  if (transfer != nullptr && reply->said == Said::Data) send_again(*transfer, reply->block);
}

void FaultyService::apply(std::size_t fault, const Reply& reply, std::vector<Outgoing>& packets) {
  if (packets.empty()) return;
  const FaultAction& action = faults_[fault].action;
  if (std::holds_alternative<Drop>(action)) {
    packets.clear();
  } else if (const auto* const delay = std::get_if<Delay>(&action)) {
    for (Outgoing& each : packets) each.late_by += delay->by;
  } else if (const auto* const duplicate = std::get_if<Duplicate>(&action)) {
    const std::vector<Outgoing> once = packets;
    for (std::size_t copy = 0; copy < duplicate->copies; ++copy) {
      packets.insert(packets.end(), once.begin(), once.end());
    }
  } else if (std::holds_alternative<Reorder>(action)) {
    for (Outgoing& each : packets) each.is_held = true;
  } else if (std::holds_alternative<Resend>(action)) {
    reply.transfer->to_resend.emplace_back(reply.block, packets.front().datagram);
  } else if (const auto* const error = std::get_if<SendError>(&action)) {
    packets.resize(1);
    packets.front().datagram.head =
        tftp::encode(tftp::Error{.code = error->code, .text = error->text});
    reply.transfer->is_cut_off = true;
    reply.transfer->is_over = true;
  } else {
    return edit(fault, reply, packets);
  }
  note(fault, reply.name);
}

void FaultyService::edit(std::size_t fault, const Reply& reply, std::vector<Outgoing>& packets) {
  std::vector<Outgoing> edited = packets;
  bool is_changed = false;
  for (Outgoing& each : edited) is_changed |= change(fault, reply, each.datagram);
  if (!is_changed) return;
  if (faults_[fault].original == Fault::Original::Replaced) packets.clear();
  std::move(edited.begin(), edited.end(), std::back_inserter(packets));
  note(fault, reply.name);
}

bool FaultyService::change(std::size_t fault, const Reply& reply, OutgoingDatagram& datagram) {
  const FaultAction& action = faults_[fault].action;
  const Bytes before = datagram.head;
  if (const auto* const port = std::get_if<FromPort>(&action)) {
    return move_port(port->port, datagram);
  }
  if (const auto* const address = std::get_if<FromAddress>(&action)) {
    datagram.source.address = address->address;
    return true;
  }
  if (const auto* const to = std::get_if<ToPort>(&action)) {
    datagram.destination.port = to->port;
    return true;
  }
  if (std::holds_alternative<ByBroadcast>(action)) {
    datagram.destination.address = Ipv4Address::of(255, 255, 255, 255);
    datagram.addressing = LinkAddressing::Broadcast;
    return true;
  }
  if (const auto* const corrupt = std::get_if<Corrupt>(&action)) {
    if (before.empty()) return false;
    const std::size_t offset = corrupt->offset.value_or(random_[fault].below(before.size()));
    if (offset < before.size()) datagram.head[offset] ^= 1U;
  } else if (const auto* const truncate = std::get_if<Truncate>(&action)) {
    datagram.head.resize(std::min(before.size(), truncate->size));
  } else if (const auto* const dhcp_edit = std::get_if<EditDhcp>(&action)) {
    auto message = dhcp::decode(before);
    if (!message) return false;
    dhcp_edit->edit(*message);
    // Whoever adds something takes the room of the padding.
    message->after_end.clear();
    dhcp::encode_into(*message, dhcp_edit->is_padded ? dhcp::kMinimumMessage : 0, datagram.head);
  } else if (const auto* const torn = std::get_if<TearOption>(&action)) {
    auto message = dhcp::decode(before);
    if (!message) return false;
    datagram.head = with_torn_option(std::move(*message), torn->code);
  } else if (const auto* const oack_edit = std::get_if<EditOack>(&action)) {
    auto packet = tftp::decode(before);
    auto* const oack = packet ? std::get_if<tftp::Oack>(&*packet) : nullptr;
    if (oack == nullptr || reply.transfer == nullptr) return false;
    oack_edit->edit(*oack, reply.transfer->request);
    datagram.head = tftp::encode(*oack);
  } else if (const auto* const data_edit = std::get_if<EditData>(&action)) {
    if (!has_block(before, tftp::Opcode::Data) || reply.transfer == nullptr) return false;
    data_edit->edit(datagram.head, reply.transfer->block_size);
  }
  return !equal(before, datagram.head);
}

// A port that the server does not listen on cannot be spoken from.
bool FaultyService::move_port(std::optional<std::uint16_t> port, OutgoingDatagram& datagram) const {
  const std::vector<std::uint16_t> ports = inner_.ports();
  const std::uint16_t own = datagram.source.port;
  const bool is_dhcp = is_dhcp_port(own);
  const auto fits = [&](std::uint16_t candidate) {
    if (candidate == own) return false;
    if (port) return candidate == *port;
    return is_dhcp_port(candidate) == is_dhcp && candidate != tftp::kPort;
  };
  auto found = std::find_if(ports.begin(), ports.end(), fits);
  if (found == ports.end() && !port && !is_dhcp && own != tftp::kPort) {
    found = std::find(ports.begin(), ports.end(), tftp::kPort);
  }
  if (found == ports.end()) return false;
  datagram.source.port = *found;
  return true;
}

void FaultyService::send(Outgoing packet) {
  if (packet.is_held) {
    auto& held = held_[packet.datagram.destination];
    if (held.size() >= kMostHeld) held.erase(held.begin());
    held.emplace_back(now_ + packet.late_by + kHeldFor, std::move(packet.datagram));
    if (held_.size() > kMostClients) held_.erase(held_.begin());
  } else if (packet.late_by > 0s) {
    if (late_.size() >= kMostLate) late_.erase(late_.begin());
    late_.emplace(now_ + packet.late_by, std::move(packet.datagram));
  } else {
    ready_.push_back(std::move(packet.datagram));
  }
}

// The blocks that come again once a later one was sent.
void FaultyService::send_again(Transfer& transfer, std::uint64_t after_block) {
  std::erase_if(transfer.to_resend, [&](auto& each) {
    if (each.first >= after_block) return false;
    ready_.push_back(std::move(each.second));
    return true;
  });
}

void FaultyService::release_held(const Endpoint& client) {
  const auto held = held_.find(client);
  if (held == held_.end()) return;
  for (auto& each : held->second) ready_.push_back(std::move(each.second));
  held_.erase(held);
}

void FaultyService::release_due(Instant now) {
  while (!late_.empty() && late_.begin()->first <= now) {
    ready_.push_back(std::move(late_.begin()->second));
    late_.erase(late_.begin());
  }
  for (auto client = held_.begin(); client != held_.end();) {
    std::erase_if(client->second, [&](auto& each) {
      if (each.first > now) return false;
      ready_.push_back(std::move(each.second));
      return true;
    });
    client = client->second.empty() ? held_.erase(client) : std::next(client);
  }
}

void FaultyService::note(std::size_t fault, const std::string& text) {
  if (told_[fault] == kMostNotes) return;
  const std::string_view more = ++told_[fault] == kMostNotes ? " (and no more is told of it)" : "";
  notes_.push_back(fmt::format("fault \"{}\": {}{}", printable(faults_[fault].text), text, more));
}

}  // namespace pxeproof::cli
