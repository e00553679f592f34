// What a fleet keeps of answers that help no machine, from a scripted server.

#include "simclient/fleet_evidence.h"

#include <gtest/gtest.h>

#include <map>

#include "firmware/profile.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/tftp/packet.h"
#include "simclient/fleet.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = Instant{} + 100s;
constexpr Instant kLongAfter = kStart + 24h;
constexpr Ipv4Address kServer = Ipv4Address::of(10, 0, 0, 1);
constexpr Ipv4Address kFirstLease = Ipv4Address::of(10, 0, 0, 100);
constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 1}};
constexpr std::uint16_t kTransferPort = 40000;

FleetPlan plan_of(std::size_t clients) {
  FleetPlan plan;
  plan.kinds.push_back({"ipxe-bios", firmware::builtin_profile("ipxe-bios").value()});
  plan.clients.resize(clients);
  return plan;
}

// One server for addresses and files. Answers to DISCOVERs and REQUESTs name a boot file.
struct Script {
  dhcp::MessageType to_request = dhcp::MessageType::Ack;
  bool one_address_for_all = false;
  bool answers_arp = true;
  Duration offer_delay{};
  std::optional<Bytes> to_rrq{};  // nullopt: an ICMP port unreachable
};

class ScriptedServer {
 public:
  ScriptedServer(Fleet& fleet, Script script) : fleet_(fleet), script_(std::move(script)) {}

  // Until the fleet is over and nothing is on its way to it.
  void run() {
    run_until([] { return false; });
  }

  template <typename IsEnough>
  void run_until(IsEnough&& is_enough) {
    fleet_.start(kStart);
    Instant now = kStart;
    while (now < kLongAfter && !is_enough()) {
      take_questions(now);
      const auto timer = fleet_.is_over() ? std::nullopt : fleet_.poll_timeout();
      if (!timer && due_.empty()) return;
      if (due_.empty() || (timer && *timer < due_.begin()->first)) {
        now = std::max(now, *timer);
        fleet_.on_timeout(now);
        continue;
      }
      const auto next = due_.begin();
      now = std::max(now, next->first);
      const Bytes frame = next->second;
      due_.erase(next);
      fleet_.on_frame(now, frame);
    }
  }

 private:
  void take_questions(Instant now) {
    Frame frame;
    while (fleet_.poll_transmit(frame)) answer(now, frame);
  }

  void answer(Instant now, const Frame& frame) {
    if (const auto arp = frames::inspect_arp(frame)) {
      const frames::Arp reply{.operation = frames::kArpReply,
                              .sender_mac = kServerMac,
                              .sender_address = arp->target_address,
                              .target_mac = arp->sender_mac,
                              .target_address = arp->sender_address};
      if (arp->target_address == kServer && script_.answers_arp) {
        due_.emplace(now, frames::build_arp(reply, arp->sender_mac));
      }
      return;
    }
    const auto question = frames::inspect_udp(frame);
    if (!question) return;
    if (question->destination.port == dhcp::kServerPort) return answer_dhcp(now, *question);
    if (question->destination.port != tftp::kPort) return;
    const MacAddress machine = question->ethernet.source;
    if (script_.to_rrq) {
      due_.emplace(now + 1ms, frames::build_udp({.destination_mac = machine,
                                                 .source_mac = kServerMac,
                                                 .source = {kServer, kTransferPort},
                                                 .destination = question->source},
                                                *script_.to_rrq));
      return;
    }
    constexpr std::size_t kQuoted = 28;
    due_.emplace(now + 1ms, frames::build_port_unreachable(
                                {.destination_mac = machine,
                                 .source_mac = kServerMac,
                                 .source = kServer,
                                 .destination = question->source.address},
                                ByteView(frame).subspan(frames::kEthernetHeaderSize, kQuoted)));
  }

  void answer_dhcp(Instant now, const frames::Udp& question) {
    auto message = dhcp::decode(question.payload);
    ASSERT_TRUE(message);
    const bool is_discover = message->find(dhcp::OptionCode::MessageType)->value.front() == 1;
    const MacAddress mac = message->header.mac();
    const auto type = is_discover ? dhcp::MessageType::Offer : script_.to_request;
    dhcp::Message answer;
    answer.header = message->header;
    answer.header.op = dhcp::kBootReply;
    answer.header.siaddr = kServer;
    answer.header.set_file("pxelinux.0");
    answer.add_type(type);
    answer.add_address(dhcp::OptionCode::ServerIdentifier, kServer);
    if (type == dhcp::MessageType::Nak) {
      answer.add_text(dhcp::OptionCode::Message, "wrong network");
    } else {
      answer.header.yiaddr = script_.one_address_for_all ? kFirstLease : lease_of(mac);
      answer.add_address(dhcp::OptionCode::SubnetMask, Ipv4Address::of(255, 255, 255, 0));
    }
    due_.emplace(now + 1ms + (is_discover ? script_.offer_delay : Duration{}),
                 frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                    .source_mac = kServerMac,
                                    .source = {kServer, dhcp::kServerPort},
                                    .destination = {Ipv4Address::broadcast(), dhcp::kClientPort}},
                                   dhcp::encode(answer)));
  }

  Ipv4Address lease_of(const MacAddress& mac) {
    const auto next = static_cast<std::uint32_t>(leases_.size());
    return leases_.try_emplace(mac, Ipv4Address{kFirstLease.value + next}).first->second;
  }

  Fleet& fleet_;
  Script script_;
  std::map<MacAddress, Ipv4Address> leases_;
  std::multimap<Instant, Bytes> due_;
};

FleetTally tally_of(std::size_t clients, Script script) {
  Fleet fleet(plan_of(clients));
  ScriptedServer(fleet, std::move(script)).run();
  EXPECT_TRUE(fleet.is_over());
  return fleet.tally();
}

TEST(FleetEvidence, CountsRefusalsOfTheAddressServer) {
  const FleetTally tally = tally_of(5, {.to_request = dhcp::MessageType::Nak});
  EXPECT_EQ(tally.failed, 5U);
  const LedgerRow& requests = tally.ledger.row(Exchange::Request);
  EXPECT_GT(tally.evidence.refusals, 5U);
  EXPECT_EQ(tally.evidence.refusals, requests.received);
  EXPECT_EQ(tally.evidence.first_refusal, "wrong network");
}

TEST(FleetEvidence, CountsWhatIsNoTftpAsReceivedAndNotAsUsed) {
  const FleetTally tally = tally_of(5, {.to_rrq = Bytes(50, 0x77)});
  EXPECT_EQ(tally.failed, 5U);
  const LedgerRow& files = tally.ledger.row(Exchange::File);
  EXPECT_GE(files.sent, 5U);
  EXPECT_EQ(files.received, files.sent);
  EXPECT_EQ(files.used, 0U);
  EXPECT_EQ(tally.evidence.no_tftp, files.sent);
}

// A client's packet is no answer either.
TEST(FleetEvidence, CountsAnEchoOfTheRequestAsNoTftp) {
  const FleetTally tally = tally_of(2, {.to_rrq = Bytes{0, 4, 0, 1}});
  EXPECT_GE(tally.evidence.no_tftp, 2U);
  EXPECT_EQ(tally.ledger.row(Exchange::File).used, 0U);
}

TEST(FleetEvidence, CountsPortsThatAreClosed) {
  const FleetTally tally = tally_of(5, {});
  EXPECT_EQ(tally.failed, 5U);
  const auto closed = tally.evidence.closed_ports[static_cast<std::size_t>(Exchange::File)];
  EXPECT_GE(closed, 5U);
  EXPECT_EQ(closed, tally.ledger.row(Exchange::File).sent);
  EXPECT_EQ(tally.ledger.row(Exchange::File).received, 0U);
}

TEST(FleetEvidence, KnowsWhoAnswersArp) {
  const FleetTally answered = tally_of(5, {});
  ASSERT_TRUE(answered.evidence.neighbours.contains(kServer));
  EXPECT_GE(answered.evidence.neighbours.at(kServer).answered, 5U);
  const FleetTally silent = tally_of(5, {.answers_arp = false});
  EXPECT_EQ(silent.ledger.row(Exchange::File).sent, 0U);
  // Their own addresses, which machines announce, are nobody's that they ask for.
  ASSERT_EQ(silent.evidence.neighbours.size(), 1U);
  EXPECT_GE(silent.evidence.neighbours.at(kServer).asked, 5U);
  EXPECT_EQ(silent.evidence.neighbours.at(kServer).answered, 0U);
}

TEST(FleetEvidence, KnowsOneAddressThatManyMachinesWereGiven) {
  const FleetTally tally = tally_of(5, {.one_address_for_all = true});
  EXPECT_EQ(tally.leases, 5U);
  EXPECT_EQ(tally.evidence.shared_addresses, 4U);
  EXPECT_EQ(tally.evidence.first_shared, kFirstLease);
  EXPECT_EQ(tally_of(5, {}).evidence.shared_addresses, 0U);
}

TEST(FleetEvidence, TimesOffersToMachinesThatHadGivenUp) {
  const FleetTally tally = tally_of(5, {.offer_delay = 300s});
  EXPECT_EQ(tally.failed, 5U);
  EXPECT_EQ(tally.evidence.offered_late, 5U);
  EXPECT_EQ(tally.evidence.offer_lateness.count(), tally.ledger.row(Exchange::Discover).received);
  EXPECT_GT(tally.evidence.offer_lateness.minimum(), 200s);
}

// An OFFER of a server that offers no address.
Bytes proxy_offer(const Fleet& fleet) {
  dhcp::Message offer;
  offer.header.op = dhcp::kBootReply;
  offer.header.set_mac(fleet.numbering().mac(0));
  offer.add_type(dhcp::MessageType::Offer);
  return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source = {kServer, dhcp::kServerPort},
                            .destination = {Ipv4Address::broadcast(), dhcp::kClientPort}},
                           dhcp::encode(offer));
}

TEST(FleetEvidence, TellsOffersOfAProxyFromThoseOfAddresses) {
  EXPECT_EQ(tally_of(5, {}).evidence.proxy_offers, 0U);
  Fleet fleet(plan_of(1));
  fleet.start(kStart);
  fleet.on_timeout(kStart);
  fleet.on_frame(kStart + 1s, proxy_offer(fleet));
  EXPECT_EQ(fleet.tally().evidence.proxy_offers, 1U);
  EXPECT_EQ(fleet.tally().evidence.proxy_offers_missed, 0U);
}

TEST(FleetEvidence, CountsAProxysOfferThatItsMachineNoLongerWaitsFor) {
  Fleet fleet(plan_of(1));
  ScriptedServer(fleet, {}).run_until([&] { return fleet.tally().leases == 1; });
  ASSERT_FALSE(fleet.is_over());
  fleet.on_frame(kStart + 5s, proxy_offer(fleet));
  EXPECT_EQ(fleet.tally().evidence.proxy_offers_missed, 1U);
}

// Of a machine that failed it is the wait that it ended in.
TEST(FleetEvidence, TimesWhatAMachineWaitedForInVain) {
  Fleet fleet(plan_of(1));
  ScriptedServer(fleet, {.offer_delay = 300s}).run();
  const auto outcome = fleet.poll_outcome();
  ASSERT_TRUE(outcome && outcome->wait);
  EXPECT_EQ(outcome->wait->exchange, Exchange::Discover);
  EXPECT_EQ(outcome->wait->from, 0s);
  EXPECT_GT(outcome->wait->last_asked, 1s);
  EXPECT_EQ(outcome->wait->to, outcome->ended);
}

}  // namespace
}  // namespace pxeproof::rom
