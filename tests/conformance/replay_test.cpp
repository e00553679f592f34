#include "conformance/replay.h"

#include <gmock/gmock.h>

#include <functional>

#include "conformance/derived_configuration.h"
#include "lab/network.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/tftp/negotiation.h"
#include "tests/support/scratch.h"
#include "tests/support/virtual_boot.h"

namespace pxeproof::conformance {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 9}};
constexpr Ipv4Address kServer = Ipv4Address::of(10, 9, 8, 2);
constexpr Ipv4Address kClient = Ipv4Address::of(10, 9, 8, 100);

// The article's boot, recorded once for all tests.
const Dialogue& recorded() {
  static const Dialogue dialogue = [] {
    pxeproof::testing::VirtualBoot boot({});
    boot.run();
    const std::string file = boot.save(pxeproof::testing::scratch("recorded.pcap"));
    auto dialogues = read_dialogues(file, {});
    if (!dialogues || dialogues->size() != 1) throw std::runtime_error("no dialogue in " + file);
    return std::move(dialogues->front());
  }();
  return dialogue;
}

// A server that says what the recording says, changed by the test, at addresses of its own.
class RecordedServer : public Station {
 public:
  std::function<void(dhcp::Message&)> change_answer = [](dhcp::Message&) {};
  std::function<void(std::vector<tftp::Option>&)> change_oack = [](std::vector<tftp::Option>&) {};
  std::uint64_t missing_octets = 0;
  bool is_silent_on_4011 = false;

  void start(Instant) override {}
  void on_timeout(Instant) override {}
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }
  bool poll_transmit(Frame& out) override {
    if (outgoing_.empty()) return false;
    out = std::move(outgoing_.front());
    outgoing_.erase(outgoing_.begin());
    return true;
  }

  void on_frame(Instant, ByteView frame) override {
    if (const auto arp = frames::inspect_arp(frame)) {
      if (arp->target_address != kServer) return;
      client_mac_ = arp->sender_mac;
      outgoing_.push_back(frames::build_arp(
          {frames::kArpReply, kServerMac, kServer, arp->sender_mac, arp->sender_address},
          arp->sender_mac));
      return;
    }
    const auto udp = frames::inspect_udp(frame);
    if (!udp) return;
    if (const auto message = dhcp::MessageView::parse(udp->payload)) return on_dhcp(*udp, *message);
    if (const auto packet = tftp::decode(udp->payload)) on_tftp(*udp, *packet);
  }

 private:
  void send(std::uint16_t port, const Endpoint& to, ByteView payload) {
    const bool is_broadcast = to.address.is_broadcast();
    outgoing_.push_back(
        frames::build_udp({.destination_mac = is_broadcast ? MacAddress::broadcast() : client_mac_,
                           .source_mac = kServerMac,
                           .source = {kServer, port},
                           .destination = to},
                          payload));
  }

  void on_dhcp(const frames::Udp& udp, const dhcp::MessageView& message) {
    const Turn* turn = next_question();
    if (turn == nullptr) return;
    if (udp.destination.port == dhcp::kBootServerPort && is_silent_on_4011) return;
    for (const RecordedAnswer& answer : turn->answers) {
      auto live = *dhcp::decode(answer.payload);
      live.header.xid = message.xid();
      for (Ipv4Address* address : {&live.header.siaddr, &live.header.ciaddr, &live.header.yiaddr}) {
        *address = moved(*address);
      }
      auto* identifier = live.find(dhcp::OptionCode::ServerIdentifier);
      const auto octets = kServer.octets();
      identifier->value.assign(octets.begin(), octets.end());
      if (auto* vendor = live.find(dhcp::OptionCode::VendorSpecific)) move_list(vendor->value);
      change_answer(live);
      const Ipv4Address to = answer.destination.address.is_broadcast()
                                 ? answer.destination.address
                                 : moved(answer.destination.address);
      send(answer.source.port, {to, answer.destination.port}, dhcp::encode(live));
    }
  }

  static Ipv4Address moved(Ipv4Address address) {
    if (address == recorded().server) return kServer;
    return address == recorded().client_address ? kClient : address;
  }
  static void move_list(Bytes& vendor) {
    const auto from = recorded().server.octets();
    const auto to = kServer.octets();
    const auto at = std::search(vendor.begin(), vendor.end(), from.begin(), from.end());
    if (at != vendor.end()) std::copy(to.begin(), to.end(), at);
  }

  const Turn* next_question() {
    while (question_ < recorded().turns.size()) {
      const Turn& turn = recorded().turns[question_++];
      if (std::holds_alternative<RecordedQuestion>(turn.said)) return &turn;
    }
    return nullptr;
  }

  static std::string refusal_of(const std::string& name) {
    for (const Turn& turn : recorded().turns) {
      const auto* read = std::get_if<RecordedRead>(&turn.said);
      if (read != nullptr && read->request.filename == name && read->refusal) {
        return read->refusal->text;
      }
    }
    return "not in the recording";
  }

  void on_tftp(const frames::Udp& udp, const tftp::Packet& packet) {
    if (const auto* request = std::get_if<tftp::Request>(&packet)) {
      const auto files = recorded().files();
      const auto file = std::find_if(files.begin(), files.end(), [&](const Dialogue::File& each) {
        return each.name == request->filename;
      });
      Bytes reply;
      if (file == files.end()) {
        tftp::encode_error(tftp::ErrorCode::FileNotFound, refusal_of(request->filename), reply);
        return send(2000, udp.source, reply);
      }
      const auto asked = tftp::read_options(request->options);
      block_size_ = asked.block_size.value_or(512);
      size_ = file->size - missing_octets;
      std::vector<tftp::Option> options;
      for (const auto& option : request->options) {
        options.push_back(
            {option.name, option.name == "tsize" ? std::to_string(file->size) : option.value});
      }
      change_oack(options);
      tftp::encode_oack(options, reply);
      return send(2000, udp.source, reply);
    }
    const auto* ack = std::get_if<tftp::Ack>(&packet);
    if (ack == nullptr) return;
    const std::uint64_t begin = std::uint64_t{ack->block} * block_size_;
    if (begin > size_) return;
    Bytes data;
    tftp::encode_data_header(static_cast<std::uint16_t>(ack->block + 1), data);
    data.resize(data.size() + std::min<std::uint64_t>(block_size_, size_ - begin), 'x');
    send(2000, udp.source, data);
  }

  std::vector<Frame> outgoing_;
  MacAddress client_mac_{};
  std::size_t question_ = 0;
  std::uint64_t block_size_ = 512;
  std::uint64_t size_ = 0;
};

std::vector<Difference> replay_with(RecordedServer& server,
                                    Comparison comparison = Comparison::Foreign) {
  ReplayStation client(recorded(),
                       {.server = kServer, .client = kClient, .comparison = comparison});
  lab::Network network;
  network.attach(server, {.name = "server", .macs = {kServerMac}});
  network.attach(client, {.name = "client", .macs = {recorded().client}});
  network.run_until([&] { return client.is_over(); }, Instant{} + 600s);
  EXPECT_TRUE(client.is_over());
  EXPECT_FALSE(client.is_unreachable());
  std::vector<Difference> differences;
  for (const ReplayedTurn& turn : client.turns()) {
    for (const Difference& each : turn.differences) differences.push_back(each);
  }
  return differences;
}

auto IsAbout(std::string field) { return ::testing::Field(&Difference::field, std::move(field)); }

TEST(Dialogue, HoldsWhatTheClientSaidAndTheBootServersAnswers) {
  const Dialogue& dialogue = recorded();
  EXPECT_EQ(to_string(dialogue.server), "192.168.178.2");
  EXPECT_FALSE(dialogue.server_leases);
  EXPECT_TRUE(dialogue.looks_like_dnsmasq());
  // DISCOVER, REQUEST, the item's REQUEST, thirteen files and names.
  EXPECT_THAT(dialogue.turns, SizeIs(16));
  std::vector<std::string> names;
  for (const auto& file : dialogue.files()) names.push_back(file.name);
  EXPECT_THAT(names, ::testing::ElementsAre("pxelinux.0", "ldlinux.c32", "pxelinux.cfg/default",
                                            "/memtest/memtest86+-5.01"));
}

TEST(Dialogue, GivesTheConfigurationThatTheServerMustHaveHad) {
  const std::string text = derive_configuration(recorded(), "/srv/tftp");
  EXPECT_THAT(text, HasSubstr("dhcp-range=192.168.178.2,proxy"));
  EXPECT_THAT(text, HasSubstr("pxe-service=0,\"Network Boot\",\"pxelinux\""));
}

TEST(Replay, FindsNoDifferenceInTheSameAnswers) {
  RecordedServer server;
  EXPECT_THAT(replay_with(server), IsEmpty());
}

TEST(Replay, TellsAnotherBootFile) {
  RecordedServer server;
  server.change_answer = [](dhcp::Message& message) { message.header.set_file("other.0"); };
  EXPECT_THAT(replay_with(server),
              Contains(::testing::AllOf(IsAbout("file"),
                                        ::testing::Field(&Difference::rank, Rank::Semantic))));
}

TEST(Replay, TellsEachSubOptionOfItsOwn) {
  RecordedServer server;
  server.change_answer = [](dhcp::Message& message) {
    auto* vendor = message.find(dhcp::OptionCode::VendorSpecific);
    if (vendor && vendor->value.size() > 2 && vendor->value[0] == 6) vendor->value[2] = 2;
  };
  const auto differences = replay_with(server);
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_EQ(differences[0].field, "option 43.6");
  EXPECT_EQ(differences[0].recorded, "03");
  EXPECT_EQ(differences[0].live, "02");
}

TEST(Replay, TellsSilence) {
  RecordedServer server;
  server.is_silent_on_4011 = true;
  const auto differences = replay_with(server);
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_EQ(differences[0].live, "silence");
  EXPECT_EQ(differences[0].rank, Rank::Semantic);
}

TEST(Replay, TellsAFileOfAnotherSize) {
  RecordedServer server;
  server.missing_octets = 1;
  EXPECT_THAT(replay_with(server), SizeIs(4));
}

TEST(Replay, CountsAChangedOrderAsCosmetic) {
  RecordedServer server;
  server.change_answer = [](dhcp::Message& message) {
    std::swap(message.options[1], message.options[2]);
  };
  for (const Difference& each : replay_with(server)) {
    EXPECT_EQ(each.field, "order of options");
    EXPECT_EQ(each.rank, Rank::Cosmetic);
  }
}

TEST(Replay, NamesTheListedDifferenceOnlyBetweenDnsmasqAndOurs) {
  RecordedServer server;
  server.change_answer = [](dhcp::Message& message) { message.header.flags ^= 0x8000U; };
  for (const Difference& each : replay_with(server, Comparison::DnsmasqWithOurs)) {
    EXPECT_EQ(each.documented, "D20");
  }
  RecordedServer again;
  again.change_answer = server.change_answer;
  for (const Difference& each : replay_with(again)) EXPECT_EQ(each.documented, "");
}

// D22 is about UEFI: a BIOS machine whose file lost its ".0" finds none.
TEST(ReplayJudge, ExcusesAFileWithoutItsLayerForUefiOnly) {
  dhcp::Message answer;
  answer.options = {{53, {2}}};
  const std::string name = "absent.0";
  std::copy(name.begin(), name.end(), answer.header.file.begin());
  RecordedAnswer recorded_answer;
  recorded_answer.payload = dhcp::encode(answer);
  std::fill(answer.header.file.begin() + 6, answer.header.file.end(), std::uint8_t{0});
  LiveAnswer live;
  live.payload = dhcp::encode(answer);
  const auto documented = [&](std::uint8_t architecture, Comparison comparison) {
    dhcp::Message question;
    question.options = {{53, {3}}, {93, {0, architecture}}};
    RecordedQuestion asked;
    asked.payload = dhcp::encode(question);
    const auto differences = compare_answers(asked, {recorded_answer}, {live}, {}, comparison);
    for (const Difference& each : differences) {
      if (each.field == "file") return each.documented;
    }
    return std::string("no difference");
  };
  EXPECT_EQ(documented(7, Comparison::DnsmasqWithOurs), "D22");
  EXPECT_EQ(documented(0, Comparison::DnsmasqWithOurs), "");
  EXPECT_EQ(documented(7, Comparison::SameServer), "");
}

TEST(Replay, EndsWhenNobodyIsThere) {
  ReplayStation client(recorded(), {.server = kServer, .client = kClient});
  lab::Network network;
  network.attach(client, {.name = "client", .macs = {recorded().client}});
  network.run_until([&] { return client.is_over(); }, Instant{} + 600s);
  EXPECT_TRUE(client.is_unreachable());
}

}  // namespace
}  // namespace pxeproof::conformance
