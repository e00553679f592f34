#include "conformance/dialogue.h"

#include <algorithm>
#include <array>
#include <map>

#include "protocol/dhcp/message.h"
#include "protocol/tftp/negotiation.h"
#include "trace/capture_reader.h"
#include "trace/seen_packet.h"

namespace pxeproof::conformance {

namespace {

constexpr std::uint8_t kUdp = 17;
// How sure a packet makes us that its sender is the boot server, and not the one that leases.
constexpr std::uint64_t kServesFiles = 1000;
constexpr std::uint64_t kOffersBoot = 100;
constexpr std::uint64_t kAnswersDhcp = 1;

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kClientPort || port == dhcp::kBootServerPort;
}

// A read as it goes on.
struct OpenRead {
  std::size_t turn = 0;
  Ipv4Address server{};
  std::uint64_t blocks = 0;  // the highest one seen, without wrap
  std::size_t block_size = tftp::kDefaultBlockSize;
};

// A client's conversation with all servers, before it is known which one is meant.
struct Conversation {
  struct Answer {
    std::size_t turn = 0;
    RecordedAnswer answer{};
  };
  MacAddress client{};
  Ipv4Address address{};
  std::vector<Turn> turns{};
  std::vector<Answer> answers{};
  std::vector<Ipv4Address> read_from{};  // for each turn: the server of a read
  std::map<std::uint16_t, OpenRead> open{};
  std::map<Ipv4Address, std::uint64_t> weight{};
};

class DialogueReader {
 public:
  explicit DialogueReader(const DialogueOptions& options) : options_(options) {}

  void on_packet(const trace::CapturedFrame& frame, const trace::SeenPacket& packet) {
    if (packet.protocol != kUdp || packet.is_fragment || taken_ >= options_.packet_limit) return;
    if (is_dhcp_port(packet.source.port) && is_dhcp_port(packet.destination.port)) {
      on_dhcp(frame, packet);
    } else if (packet.destination.port == tftp::kPort) {
      on_request(frame, packet);
    } else {
      on_transfer(frame, packet);
    }
  }

  std::vector<Dialogue> finish();

 private:
  Conversation& conversation_of(const MacAddress& mac) {
    const auto [found, is_new] = by_mac_.try_emplace(mac, conversations_.size());
    if (is_new) {
      conversations_.emplace_back();
      conversations_.back().client = mac;
    }
    return conversations_[found->second];
  }
  void on_dhcp(const trace::CapturedFrame& frame, const trace::SeenPacket& packet);
  void on_request(const trace::CapturedFrame& frame, const trace::SeenPacket& packet);
  void on_transfer(const trace::CapturedFrame& frame, const trace::SeenPacket& packet);
  void on_server_packet(Conversation& talk, OpenRead& open, Instant at,
                        const trace::SeenPacket& packet);

  DialogueOptions options_;
  std::size_t taken_ = 0;
  std::vector<Conversation> conversations_;
  std::map<MacAddress, std::size_t> by_mac_;
  std::map<Ipv4Address, std::size_t> by_address_;
};

// EDK2 may send its GUID in chaddr (hlen 16): then the frame tells the machine.
MacAddress client_of(const dhcp::MessageView& message, const MacAddress& link) {
  return message.hlen() == 6 || link == MacAddress{} ? message.mac() : link;
}

void DialogueReader::on_dhcp(const trace::CapturedFrame& frame, const trace::SeenPacket& packet) {
  const auto message = dhcp::MessageView::parse(packet.payload);
  if (!message) return;
  ++taken_;
  Bytes payload(packet.payload.begin(), packet.payload.end());
  if (message->op() == dhcp::kBootRequest) {
    Conversation& talk = conversation_of(client_of(*message, packet.facts.link_source));
    if (!message->ciaddr().is_unspecified()) talk.address = message->ciaddr();
    Turn turn;
    turn.packet = frame.number;
    turn.at = frame.at;
    turn.said = RecordedQuestion{std::move(payload), packet.source, packet.destination,
                                 RecordedQuestion::To::Everybody};
    talk.turns.push_back(std::move(turn));
    return;
  }
  Conversation& talk = conversation_of(client_of(*message, packet.facts.link_destination));
  std::uint64_t weight = kAnswersDhcp;
  if (packet.source.port == dhcp::kBootServerPort) weight = kServesFiles;
  if (message->text(dhcp::OptionCode::VendorClass).starts_with("PXEClient")) weight += kOffersBoot;
  talk.weight[packet.source.address] += weight;
  if (message->type() == dhcp::MessageType::Ack && !message->yiaddr().is_unspecified()) {
    talk.address = message->yiaddr();
    by_address_[message->yiaddr()] = by_mac_[talk.client];
  }
  // The question of the same transaction; the last of all when a server got that wrong.
  std::optional<std::size_t> asked;
  std::optional<std::size_t> last;
  for (std::size_t turn = talk.turns.size(); turn-- > 0;) {
    const auto* question = std::get_if<RecordedQuestion>(&talk.turns[turn].said);
    if (question == nullptr) continue;
    if (!last) last = turn;
    const auto view = dhcp::MessageView::parse(question->payload);
    if (view && view->xid() == message->xid()) {
      asked = turn;
      break;
    }
  }
  if (!asked) asked = last;
  if (!asked) return;  // the capture begins in the middle
  talk.answers.push_back(
      {*asked,
       {frame.number, frame.at - talk.turns[*asked].at, packet.source, packet.destination,
        packet.facts.link_destination.is_broadcast(), std::move(payload)}});
}

void DialogueReader::on_request(const trace::CapturedFrame& frame,
                                const trace::SeenPacket& packet) {
  const auto decoded = tftp::decode(packet.payload);
  const auto* request = decoded ? std::get_if<tftp::Request>(&*decoded) : nullptr;
  if (request == nullptr) return;
  ++taken_;
  const auto known = by_address_.find(packet.source.address);
  Conversation& talk = known != by_address_.end() ? conversations_[known->second]
                                                  : conversation_of(packet.facts.link_source);
  if (talk.address.is_unspecified()) talk.address = packet.source.address;
  by_address_.try_emplace(packet.source.address, by_mac_[talk.client]);
  const auto open = talk.open.find(packet.source.port);
  if (open != talk.open.end()) {
    const auto& before = std::get<RecordedRead>(talk.turns[open->second.turn].said);
    const bool is_retry =
        before.request == *request && before.ending == RecordedRead::Ending::Unanswered;
    if (is_retry) return;
  }
  Turn turn;
  turn.packet = frame.number;
  turn.at = frame.at;
  RecordedRead read;
  read.request = *request;
  read.port = packet.source.port;
  turn.said = std::move(read);
  talk.turns.push_back(std::move(turn));
  talk.read_from.resize(talk.turns.size());
  talk.read_from.back() = packet.destination.address;
  talk.open[packet.source.port] = {talk.turns.size() - 1, packet.destination.address, 0,
                                   tftp::kDefaultBlockSize};
}

void DialogueReader::on_transfer(const trace::CapturedFrame& frame,
                                 const trace::SeenPacket& packet) {
  const auto sender = by_address_.find(packet.source.address);
  if (sender != by_address_.end()) {
    Conversation& talk = conversations_[sender->second];
    const auto open = talk.open.find(packet.source.port);
    const auto decoded = tftp::decode(packet.payload);
    if (open == talk.open.end() || !decoded) return;
    auto& read = std::get<RecordedRead>(talk.turns[open->second.turn].said);
    if (const auto* error = std::get_if<tftp::Error>(&*decoded)) {
      if (read.ending != RecordedRead::Ending::Whole) {
        read.abort = *error;
        read.ending = RecordedRead::Ending::Aborted;
      }
      talk.open.erase(open);
    }
    return;
  }
  const auto receiver = by_address_.find(packet.destination.address);
  if (receiver == by_address_.end()) return;
  Conversation& talk = conversations_[receiver->second];
  const auto open = talk.open.find(packet.destination.port);
  if (open == talk.open.end() || open->second.server != packet.source.address) return;
  on_server_packet(talk, open->second, frame.at, packet);
}

void DialogueReader::on_server_packet(Conversation& talk, OpenRead& open, Instant at,
                                      const trace::SeenPacket& packet) {
  const auto decoded = tftp::decode(packet.payload);
  if (!decoded) return;
  ++taken_;
  Turn& turn = talk.turns[open.turn];
  auto& read = std::get<RecordedRead>(turn.said);
  if (read.ending == RecordedRead::Ending::Unanswered) {
    read.first_answer_after = at - turn.at;
    read.ending = RecordedRead::Ending::Unfinished;
    talk.weight[packet.source.address] += kServesFiles;
  }
  if (const auto* error = std::get_if<tftp::Error>(&*decoded)) {
    if (read.ending != RecordedRead::Ending::Whole) {
      read.refusal = *error;
      read.ending = RecordedRead::Ending::Refused;
    }
    return;
  }
  if (const auto* oack = std::get_if<tftp::Oack>(&*decoded)) {
    read.oack = *oack;
    if (const auto agreed = tftp::read_options(oack->options); agreed.block_size)
      open.block_size = *agreed.block_size;
    return;
  }
  const auto* data = std::get_if<tftp::Data>(&*decoded);
  if (data == nullptr) return;
  const std::uint64_t block = tftp::unwrap_block(data->block, open.blocks + 1);
  if (block <= open.blocks) return;
  open.blocks = block;
  // A capture may have cut the payload; its size on the wire is what counts.
  const std::size_t size = packet.payload_size - tftp::kDataHeaderSize;
  read.octets = (block - 1) * open.block_size + size;
  if (size < open.block_size) read.ending = RecordedRead::Ending::Whole;
}

RecordedQuestion::To direction_of(const RecordedQuestion& question, Ipv4Address server) {
  const Ipv4Address to = question.destination.address;
  if (to.is_broadcast()) return RecordedQuestion::To::Everybody;
  if (to.is_multicast()) return RecordedQuestion::To::Group;
  return to == server ? RecordedQuestion::To::TheServer : RecordedQuestion::To::AnotherServer;
}

Dialogue make_dialogue(Conversation talk, std::optional<Ipv4Address> wanted) {
  Dialogue dialogue;
  dialogue.client = talk.client;
  dialogue.client_address = talk.address;
  const auto heaviest =
      std::ranges::max_element(talk.weight, {}, [](const auto& each) { return each.second; });
  if (heaviest != talk.weight.end()) dialogue.server = heaviest->first;
  if (wanted) dialogue.server = *wanted;
  for (auto& [turn, answer] : talk.answers) {
    if (answer.source.address != dialogue.server) continue;
    const auto message = dhcp::MessageView::parse(answer.payload);
    if (message && message->type() == dhcp::MessageType::Offer &&
        !message->yiaddr().is_unspecified()) {
      dialogue.server_leases = true;
    }
    talk.turns[turn].answers.push_back(std::move(answer));
  }
  talk.read_from.resize(talk.turns.size());
  for (std::size_t number = 0; number < talk.turns.size(); ++number) {
    Turn& turn = talk.turns[number];
    if (auto* question = std::get_if<RecordedQuestion>(&turn.said)) {
      question->to = direction_of(*question, dialogue.server);
    } else if (talk.read_from[number] != dialogue.server) {
      continue;
    }
    dialogue.turns.push_back(std::move(turn));
  }
  return dialogue;
}

std::vector<Dialogue> DialogueReader::finish() {
  std::vector<Dialogue> dialogues;
  for (Conversation& talk : conversations_) {
    // A client nobody answered, or one that only renews its lease, tells nothing of a boot server.
    const bool has_boot = std::ranges::any_of(
        talk.weight, [](const auto& each) { return each.second >= kOffersBoot; });
    if (!has_boot && !options_.server) continue;
    dialogues.push_back(make_dialogue(std::move(talk), options_.server));
  }
  return dialogues;
}

}  // namespace

std::vector<Dialogue::File> Dialogue::files() const {
  if (kept_files) return *kept_files;
  std::vector<File> files;
  for (const Turn& turn : turns) {
    const auto* read = std::get_if<RecordedRead>(&turn.said);
    if (read == nullptr) continue;
    std::optional<std::uint64_t> size;
    if (read->ending == RecordedRead::Ending::Whole) size = read->octets;
    if (!size && read->oack) size = tftp::read_options(read->oack->options).transfer_size;
    if (!size) continue;
    const auto known = std::ranges::find(files, read->request.filename, &File::name);
    if (known == files.end()) {
      files.push_back({read->request.filename, *size});
    } else {
      known->size = *size;
    }
  }
  return files;
}

Dialogue Dialogue::reads_only() const {
  Dialogue reads = *this;
  std::erase_if(reads.turns, [](const Turn& turn) {
    return std::holds_alternative<RecordedQuestion>(turn.said);
  });
  return reads;
}

bool Dialogue::looks_like_dnsmasq() const {
  // A proxy answer of dnsmasq is 53, 54, 60, the identifier's echo, 43, and nothing else (proxy.c).
  constexpr std::array<std::uint8_t, 5> kOrder = {53, 54, 60, 97, 43};
  bool has_any = false;
  for (const Turn& turn : turns) {
    for (const RecordedAnswer& answer : turn.answers) {
      const auto message = dhcp::MessageView::parse(answer.payload);
      if (!message || !message->yiaddr().is_unspecified()) continue;
      std::size_t next = 0;
      bool fits = true;
      message->each_option([&](const dhcp::OptionView& option) {
        while (next < kOrder.size() && kOrder[next] != option.code) ++next;
        if (next == kOrder.size() && option.code != kOrder.back() && option.code != 82)
          fits = false;
      });
      if (!fits) return false;
      has_any = true;
    }
  }
  return has_any;
}

Result<std::vector<Dialogue>, DialogueError> read_dialogues(const std::string& path,
                                                            const DialogueOptions& options) {
  using Kind = DialogueError::Kind;
  auto reader = trace::CaptureReader::open(path);
  if (!reader) return fail(DialogueError{Kind::Unreadable, reader.error().message});
  DialogueReader dialogues(options);
  while (const auto frame = reader->next()) {
    if (const auto packet = trace::see_packet(frame->octets)) dialogues.on_packet(*frame, *packet);
  }
  if (reader->error()) return fail(DialogueError{Kind::Unreadable, reader->error()->message});
  auto found = dialogues.finish();
  if (found.empty()) {
    return fail(DialogueError{
        Kind::NoBoot, path + ": holds no network boot that a server answered; capture from before "
                             "the machine is switched on (pxeproof record)"});
  }
  return found;
}

}  // namespace pxeproof::conformance
