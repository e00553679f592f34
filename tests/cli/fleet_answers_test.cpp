// Causes that show in what servers answered, and in what they were too slow to read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fleet_result.h"
#include "tests/cli/virtual_fleet.h"
#include "tests/support/test_directory.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// So many machines, all of which failed before a phase.
FleetResult all_failed(std::uint64_t machines, rom::Phase before) {
  FleetResult result;
  result.tally.planned = result.tally.powered_on = result.tally.failed = machines;
  result.tally.failures[{before, "for a reason"}] = {.count = machines};
  return result;
}

std::string cause_of(const FleetResult& result) {
  const auto cause = find_cause(options_of({}), result);
  return cause ? cause->name + ": " + cause->why : "none";
}

TEST(FleetAnswers, AreRefusalsOfTheAddressServer) {
  FleetResult result = all_failed(30, rom::Phase::BootServer);
  rom::LedgerRow& requests = result.tally.ledger.row(rom::Exchange::Request);
  requests.asked = requests.sent = requests.received = requests.used = 180;
  result.tally.evidence.refusals = 180;
  result.tally.evidence.first_refusal = "wrong network";
  EXPECT_THAT(cause_of(result),
              HasSubstr("180 of 180 answers to REQUESTs were DHCPNAKs (\"wrong network\")"));
  result.tally.evidence.refusals = 1;
  EXPECT_EQ(cause_of(result), "none");
}

TEST(FleetAnswers, AreNoTftp) {
  FleetResult result = all_failed(30, rom::Phase::Nbp);
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.asked = files.sent = files.received = 180;
  result.tally.evidence.no_tftp = 180;
  EXPECT_THAT(cause_of(result), HasSubstr("180 of 180 answers to RRQs and ACKs are no TFTP"));
}

TEST(FleetAnswers, SayThatAPortIsClosed) {
  FleetResult result = all_failed(30, rom::Phase::Nbp);
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.asked = files.sent = 120;
  EXPECT_THAT(cause_of(result), HasSubstr("120 of 120 RRQs were not answered"));
  // A kernel sends few of these.
  result.tally.evidence.closed_ports[static_cast<std::size_t>(rom::Exchange::File)] = 6;
  EXPECT_THAT(cause_of(result), HasSubstr("nothing listens on port 69: ICMP port unreachable came "
                                          "back 6 times for 120 RRQs"));
  files.received = files.used = 110;
  EXPECT_EQ(cause_of(result), "none");
}

TEST(FleetAnswers, GaveOneAddressToAll) {
  FleetResult result = all_failed(29, rom::Phase::Nbp);
  result.tally.leases = 30;
  result.tally.evidence.shared_addresses = 29;
  result.tally.evidence.first_shared = Ipv4Address::of(10, 77, 20, 2);
  EXPECT_THAT(cause_of(result),
              HasSubstr("29 of 30 machines got an address that another machine under way had got, "
                        "10.77.20.2 first"));
}

TEST(FleetAnswers, CameTooLate) {
  FleetResult result = all_failed(95, rom::Phase::Offer);
  result.tally.evidence.offer_lateness.record(3s, 160);
  result.tally.evidence.offered_late = 90;
  EXPECT_THAT(cause_of(result), HasSubstr("160 OFFERs came after their 90 machines had given up, "
                                          "the earliest 3.00 s"));
  // The server that waits for its own pings does not read its sockets either.
  result.server.pings = true;
  result.watched = {{.name = "boot server", .discovers = 398, .offers = 166, .overflows = 258}};
  const auto cause = find_cause(options_of({}), result);
  EXPECT_THAT(cause->why, HasSubstr("pings each address"));
  EXPECT_THAT(cause->remedy, HasSubstr("--set 'no-ping'"));
}

TEST(FleetAnswers, OfAProxyCameTooLate) {
  FleetResult result = all_failed(59, rom::Phase::BootServer);
  rom::LedgerRow& offers = result.tally.ledger.row(rom::Exchange::Discover);
  offers.asked = offers.sent = 60;
  offers.received = 120;
  result.tally.evidence.proxy_offers = 60;
  EXPECT_EQ(cause_of(result), "none");
  result.tally.evidence.proxy_offers_missed = 59;
  EXPECT_THAT(cause_of(result), HasSubstr("59 of a proxy's 60 OFFERs came when their machines no "
                                          "longer waited for any"));
}

// Two servers hear each DISCOVER; the sum of their answers hides that one of them was silent.
TEST(FleetAnswers, OfOneServerDoNotStandForThoseOfAnother) {
  FleetResult result = all_failed(153, rom::Phase::BootServer);
  rom::LedgerRow& offers = result.tally.ledger.row(rom::Exchange::Discover);
  offers.asked = offers.sent = offers.reached = 833;
  offers.received = offers.answered = 1180;
  result.tally.evidence.proxy_offers = 347;
  rom::LedgerRow& items = result.tally.ledger.row(rom::Exchange::BootItem);
  items.asked = items.sent = 348;
  items.received = 347;
  EXPECT_THAT(cause_of(result), HasSubstr("486 of 833 DISCOVERs were not answered"));
  result.harness.has_wire = true;
  result.watched = {{.name = "address server", .discovers = 833, .offers = 833},
                    {.name = "boot server", .discovers = 833, .offers = 347}};
  EXPECT_THAT(cause_of(result),
              HasSubstr("486 of 833 DISCOVERs that reached the boot server were not answered"));
  result.watched[1].overflows = 2081;
  EXPECT_THAT(cause_of(result),
              HasSubstr("the boot server's socket buffers overflowed 2081 times"));
  result.watched[1].overflows = 1;
  EXPECT_THAT(cause_of(result), HasSubstr("486 of 833"));
}

// The address server answers all, and only the wire tells that another server hears them too.
TEST(FleetAnswers, OfABootServerThatSaysNothingAtAllAreMissed) {
  FleetResult result = all_failed(20, rom::Phase::BootServer);
  result.tally.leases = 20;
  rom::LedgerRow& offers = result.tally.ledger.row(rom::Exchange::Discover);
  offers.asked = offers.sent = offers.reached = 40;
  offers.received = offers.answered = offers.used = 40;
  result.harness.has_wire = true;
  result.watched = {{.name = "address server", .discovers = 40, .offers = 40},
                    {.name = "boot server", .discovers = 40}};
  EXPECT_THAT(cause_of(result),
              HasSubstr("40 of 40 DISCOVERs that reached the boot server were not answered"));
}

TEST(FleetAnswers, AreOfNoProxyWhereItsFiltersFitNoMachine) {
  const FleetOptions options = options_of({"--clients", "20", "--set", "dhcp-ignore=tag:!known"});
  const auto cause = find_cause(options, run(options));
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "no proxy");
  EXPECT_THAT(cause->why, HasSubstr("none of 40 OFFERs is from a proxy"));
}

// With a range of addresses beside the proxy's, the server answers PXE clients as a proxy alone.
TEST(FleetAnswers, AreOfAProxyAlone) {
  const FleetOptions options = options_of(
      {"--clients", "20", "--set", "dhcp-range=192.168.178.50,192.168.178.150,255.255.255.0"});
  const auto cause = find_cause(options, run(options));
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "no address");
  EXPECT_THAT(cause->why, HasSubstr("all of 80 OFFERs are from a proxy"));
}

TEST(FleetAnswers, SendMachinesToAnAddressThatNobodyHas) {
  const TestDirectory directory;
  const std::string conf =
      directory.write("conf",
                      "port=0\nlisten-address=192.168.178.7\ndhcp-range=192.168.178.0,proxy\n"
                      "pxe-service=x86PC,\"boot\",pxelinux,192.168.178.199\n");
  const FleetOptions options = options_of({"--clients", "20", "--against", conf});
  const auto cause = find_cause(options, run(options));
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "no such neighbour");
  EXPECT_THAT(cause->why, HasSubstr("ARP requests for 192.168.178.199"));
}

TEST(FleetAnswers, HelpNoMachineThatHasGoneOn) {
  FleetResult result = all_failed(59, rom::Phase::Config);
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.asked = files.sent = files.received = 2700;
  files.used = 680;
  EXPECT_THAT(cause_of(result), HasSubstr("2020 of 2700 answers to RRQs helped no machine"));
  files.used = 2690;
  EXPECT_EQ(cause_of(result), "none");
  // Every other one is a copy that a cable made.
  files.used = 1350;
  EXPECT_FALSE(find_cause(options_of({"--link", "duplicate=100%"}), result));
}

TEST(FleetAnswers, AreNotHeardWhileAServerPings) {
  FleetResult result = all_failed(20, rom::Phase::BootServer);
  rom::LedgerRow& offers = result.tally.ledger.row(rom::Exchange::Discover);
  offers.asked = offers.sent = offers.received = offers.used = 20;
  rom::LedgerRow& requests = result.tally.ledger.row(rom::Exchange::Request);
  requests.asked = requests.sent = 24;
  result.server.pings = true;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_THAT(cause->why, HasSubstr("24 of 24 REQUESTs were not answered: dnsmasq pings"));
  EXPECT_THAT(cause->remedy, HasSubstr("--set 'no-ping'"));
}

TEST(FleetAnswers, SayThatTransfersWereGivenUp) {
  FleetResult result = all_failed(30, rom::Phase::Config);
  rom::LedgerRow& blocks = result.tally.ledger.row(rom::Exchange::Block);
  blocks.asked = blocks.sent = 120;
  result.tally.evidence.closed_ports[static_cast<std::size_t>(rom::Exchange::Block)] = 120;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_THAT(cause->remedy, HasSubstr("it gave up their transfers, or was started anew"));
}

// What they were asked was answered in the end.
TEST(FleetAnswers, ThatCameExcuseASocketThatOverflowed) {
  FleetResult result = all_failed(30, rom::Phase::Nbp);
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.asked = files.sent = files.received = files.used = 30;
  result.watched = {{.name = "boot server", .discovers = 40, .offers = 40, .overflows = 50}};
  EXPECT_EQ(cause_of(result), "none");
}

}  // namespace
}  // namespace pxeproof::cli
