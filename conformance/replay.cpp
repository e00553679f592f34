#include "conformance/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"

namespace pxeproof::conformance {

namespace {

std::string question_words(const RecordedQuestion& question) {
  const auto message = dhcp::MessageView::parse(question.payload);
  if (!message) return "a broken message";
  std::string words = message->type() ? std::string(dhcp::to_string(*message->type())) : "BOOTP";
  switch (question.to) {
    case RecordedQuestion::To::Everybody:
      break;
    case RecordedQuestion::To::TheServer:
    case RecordedQuestion::To::Group:
      words += fmt::format(" to port {}", question.destination.port);
      break;
    case RecordedQuestion::To::AnotherServer:
      words += " to another server";
      break;
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "silence" : fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace

ReplayStation::ReplayStation(const Dialogue& dialogue, ReplaySetting setting)
    : dialogue_(dialogue), setting_(setting), random_(setting.seed), address_(setting.client) {
  addresses_.pairs = {{dialogue.server, setting.server}};
  if (!dialogue.client_address.is_unspecified()) {
    addresses_.pairs.push_back({dialogue.client_address, setting.client});
  }
}

void ReplayStation::start(Instant now) { ask_for_server(now); }

void ReplayStation::ask_for_server(Instant now) {
  if (arp_tries_++ == kArpTries) {
    is_unreachable_ = true;
    is_over_ = true;
    deadline_.reset();
    return;
  }
  outgoing_.push_back(frames::build_arp(
      {frames::kArpRequest, dialogue_.client, address_, MacAddress{}, setting_.server},
      MacAddress::broadcast()));
  deadline_ = now + kArpRepeat;
}

std::uint32_t ReplayStation::live_xid(std::uint32_t recorded) {
  if (recorded == 0) return 0;  // iPXE asks boot servers with transaction 0
  const auto known =
      std::ranges::find(xids_, recorded, &std::pair<std::uint32_t, std::uint32_t>::first);
  if (known != xids_.end()) return known->second;
  const auto drawn = static_cast<std::uint32_t>(random_.between(1, 0xffffffffU));
  xids_.emplace_back(recorded, drawn);
  return drawn;
}

Bytes ReplayStation::rewritten(ByteView octets) {
  auto message = dhcp::decode(octets);
  if (!message) return Bytes(octets.begin(), octets.end());  // sent as broken as it was
  message->header.xid = live_xid(message->header.xid);
  message->header.ciaddr = addresses_.to_live(message->header.ciaddr);
  for (const auto code : {dhcp::OptionCode::ServerIdentifier, dhcp::OptionCode::RequestedAddress}) {
    dhcp::Option* option = message->find(code);
    const auto address = option ? Ipv4Address::from(option->value) : std::nullopt;
    if (!address) continue;
    Ipv4Address live = addresses_.to_live(*address);
    const bool is_foreign = live == *address && code == dhcp::OptionCode::ServerIdentifier;
    if (is_foreign && *address != dialogue_.server && !setting_.other.is_unspecified()) {
      live = setting_.other;
    }
    const auto octets_of = live.octets();
    option->value.assign(octets_of.begin(), octets_of.end());
  }
  return dhcp::encode(*message);
}

void ReplayStation::transmit(const Endpoint& source, const Endpoint& destination,
                             ByteView payload) {
  const Ipv4Address to = destination.address;
  frames::UdpSpec spec;
  spec.source_mac = dialogue_.client;
  spec.destination_mac = to.is_broadcast() ? MacAddress::broadcast() : *server_mac_;
  if (to.is_multicast()) {
    const auto octets = to.octets();  // RFC 1112 s.6.4
    spec.destination_mac = MacAddress{
        {0x01, 0x00, 0x5e, static_cast<std::uint8_t>(octets[1] & 0x7fU), octets[2], octets[3]}};
  }
  spec.source = source;
  spec.destination = destination;
  spec.identification = identification_++;
  outgoing_.push_back(frames::build_udp(spec, payload));
}

void ReplayStation::next_turn(Instant now) {
  answers_.clear();
  read_.reset();
  deadline_.reset();
  while (at_ < dialogue_.turns.size()) {
    const Turn& turn = dialogue_.turns[at_];
    const auto* question = std::get_if<RecordedQuestion>(&turn.said);
    if (question != nullptr && question->to == RecordedQuestion::To::AnotherServer) {
      ++at_;
      continue;
    }
    in_turn_ = true;
    asked_ = now;
    if (question != nullptr) return ask(now, *question);
    const auto& read = std::get<RecordedRead>(turn.said);
    read_ = std::make_unique<ReplayRead>(read);
    read_->start(now);
    return collect_read(now);
  }
  in_turn_ = false;
  is_over_ = true;
}

void ReplayStation::ask(Instant now, const RecordedQuestion& question) {
  const Ipv4Address source = question.source.address.is_unspecified() ? Ipv4Address{} : address_;
  const Ipv4Address destination = question.to == RecordedQuestion::To::TheServer
                                      ? setting_.server
                                      : question.destination.address;
  transmit({source, question.source.port}, {destination, question.destination.port},
           rewritten(question.payload));
  const Turn& turn = dialogue_.turns[at_];
  if (turn.answers.empty()) {
    deadline_ = now + kSettle;
    return;
  }
  Duration latest{};
  for (const RecordedAnswer& answer : turn.answers) latest = std::max(latest, answer.after);
  deadline_ = now + std::max(kPatience, 2 * latest);
}

// The server leases: what it offers now stands for what it offered then.
void ReplayStation::learn_addresses(ByteView recorded, ByteView live) {
  const auto before = dhcp::MessageView::parse(recorded);
  const auto after = dhcp::MessageView::parse(live);
  if (!before || !after || before->yiaddr().is_unspecified() || after->yiaddr().is_unspecified()) {
    return;
  }
  const auto known =
      std::ranges::find(addresses_.pairs, before->yiaddr(), &AddressMap::Pair::recorded);
  if (known == addresses_.pairs.end()) {
    addresses_.pairs.push_back({before->yiaddr(), after->yiaddr()});
  } else {
    known->live = after->yiaddr();
  }
  address_ = after->yiaddr();
}

void ReplayStation::end_question(Instant now) {
  const Turn& turn = dialogue_.turns[at_];
  const auto& question = std::get<RecordedQuestion>(turn.said);
  if (dialogue_.server_leases) {
    for (std::size_t i = 0; i < std::min(turn.answers.size(), answers_.size()); ++i) {
      learn_addresses(turn.answers[i].payload, answers_[i].payload);
    }
  }
  std::vector<std::string> recorded;
  std::vector<std::string> live;
  for (const RecordedAnswer& answer : turn.answers)
    recorded.push_back(answer_words(answer.payload));
  for (const LiveAnswer& answer : answers_) live.push_back(answer_words(answer.payload));
  told_.push_back(
      {&turn, question_words(question), joined(recorded), joined(live),
       compare_answers(question, turn.answers, answers_, addresses_, setting_.comparison)});
  ++at_;
  next_turn(now);
}

void ReplayStation::end_read(Instant now) {
  const Turn& turn = dialogue_.turns[at_];
  const auto& recorded = std::get<RecordedRead>(turn.said);
  const LiveRead live = read_->result();
  told_.push_back({&turn, "RRQ " + printable(recorded.request.filename),
                   ending_words(recorded.ending, recorded.octets, recorded.refusal),
                   ending_words(live.ending, live.octets, live.refusal),
                   compare_reads(recorded, live, setting_.comparison)});
  ++at_;
  next_turn(now);
}

void ReplayStation::collect_read(Instant now) {
  if (const auto next = read_->poll()) {
    const auto& recorded = std::get<RecordedRead>(dialogue_.turns[at_].said);
    transmit({address_, recorded.port}, {setting_.server, next->port}, next->payload);
  }
  deadline_ = read_->deadline();
  if (read_->is_over()) end_read(now);
}

void ReplayStation::on_frame(Instant now, ByteView frame) {
  if (is_over_) return;
  if (const auto arp = frames::inspect_arp(frame)) {
    if (arp->operation == frames::kArpRequest && arp->target_address == address_) {
      outgoing_.push_back(frames::build_arp(
          {frames::kArpReply, dialogue_.client, address_, arp->sender_mac, arp->sender_address},
          arp->sender_mac));
    }
    if (arp->sender_address == setting_.server && !server_mac_) {
      server_mac_ = arp->sender_mac;
      next_turn(now);
    }
    return;
  }
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (udp && udp->source.address == setting_.server) on_udp(now, *udp);
}

void ReplayStation::on_udp(Instant now, const frames::Udp& udp) {
  const bool for_us =
      udp.ethernet.destination == dialogue_.client || udp.ethernet.destination.is_broadcast();
  if (!for_us || !in_turn_) return;
  if (read_) {
    const auto& recorded = std::get<RecordedRead>(dialogue_.turns[at_].said);
    if (udp.destination.port != recorded.port) return;
    read_->on_packet(now, udp.source.port, udp.payload);
    return collect_read(now);
  }
  on_dhcp(now, udp);
}

void ReplayStation::on_dhcp(Instant now, const frames::Udp& udp) {
  const Turn& turn = dialogue_.turns[at_];
  const auto& question = std::get<RecordedQuestion>(turn.said);
  const auto asked = dhcp::MessageView::parse(question.payload);
  const auto message = dhcp::MessageView::parse(udp.payload);
  // What is no DHCP at all, or carries a transaction of nobody's, is an answer too: a wrong one.
  if (message && asked && message->op() != dhcp::kBootReply) return;
  if (message && asked && message->xid() != live_xid(asked->xid())) {
    const bool is_of_earlier =
        std::ranges::find(xids_, message->xid(),
                          &std::pair<std::uint32_t, std::uint32_t>::second) != xids_.end();
    if (is_of_earlier || message->mac() != dialogue_.client) return;
  }
  answers_.push_back({now - asked_, udp.source, udp.destination,
                      udp.ethernet.destination.is_broadcast(),
                      Bytes(udp.payload.begin(), udp.payload.end())});
  if (!turn.answers.empty() && answers_.size() >= turn.answers.size()) {
    deadline_ = now + kAfterAnswer;
  }
}

void ReplayStation::on_timeout(Instant now) {
  if (is_over_ || !deadline_ || now < *deadline_) return;
  if (!server_mac_) return ask_for_server(now);
  if (read_) {
    read_->on_timeout(now);
    return collect_read(now);
  }
  if (in_turn_) end_question(now);
}

bool ReplayStation::poll_transmit(Frame& out) {
  if (outgoing_.empty()) return false;
  out = std::move(outgoing_.front());
  outgoing_.pop_front();
  return true;
}

std::optional<Instant> ReplayStation::poll_timeout() const { return deadline_; }

}  // namespace pxeproof::conformance
