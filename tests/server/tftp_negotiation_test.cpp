#include "server/tftp_negotiation.h"

#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What a server with a file of 1300 octets answers first.
std::vector<Sent> first_answer(const Options& asked, std::string_view mode = "octet",
                               const TftpOptions& options = bench_options()) {
  TftpBench bench(options);
  bench.add("f", pattern(1300));
  return bench.request(kClient, rrq("f", asked, mode));
}
Options acknowledged(const Options& asked, std::string_view mode = "octet",
                     const TftpOptions& options = bench_options()) {
  const auto sent = first_answer(asked, mode, options);
  if (sent.size() != 1) return {{"packets", std::to_string(sent.size())}};
  const auto packet = sent[0].packet();
  const auto* oack = std::get_if<tftp::Oack>(&packet);
  return oack == nullptr ? Options{} : oack->options;
}
Options one(std::string_view name, std::string_view value) {
  return {{std::string(name), std::string(value)}};
}

TEST(TftpNegotiation, TakesBlockSizesThatFitTheInterface) {  // TOPT-01, T3
  EXPECT_EQ(acknowledged(one("blksize", "8")), one("blksize", "8"));
  EXPECT_EQ(acknowledged(one("blksize", "512")), one("blksize", "512"));
  EXPECT_EQ(acknowledged(one("blksize", "1428")), one("blksize", "1428"));
  EXPECT_EQ(acknowledged(one("blksize", "1468")), one("blksize", "1468"));
  EXPECT_EQ(acknowledged(one("blksize", "65464")), one("blksize", "1468"));
  TftpOptions jumbo = bench_options();
  jumbo.interfaces[0].interface.mtu = 9000;
  EXPECT_EQ(acknowledged(one("blksize", "65464"), "octet", jumbo), one("blksize", "8968"));
  jumbo.mtu = 1400;
  EXPECT_EQ(acknowledged(one("blksize", "65464"), "octet", jumbo), one("blksize", "1368"));
  jumbo.mtu = 20000;  // only lowers
  EXPECT_EQ(acknowledged(one("blksize", "65464"), "octet", jumbo), one("blksize", "8968"));
  jumbo.interfaces[0].interface.mtu = 65536;
  jumbo.mtu = 0;
  EXPECT_EQ(acknowledged(one("blksize", "65464"), "octet", jumbo), one("blksize", "65464"));
  jumbo.mtu = 10;
  EXPECT_EQ(acknowledged(one("blksize", "65464"), "octet", jumbo), one("blksize", "8"));
}

TEST(TftpNegotiation, SendsNoDataBeforeTheOackIsAcknowledged) {  // TOPT-01
  TftpBench bench;
  bench.add("f", pattern(1300));
  EXPECT_THAT(bench.request(kClient, rrq("f", one("blksize", "1024"))),
              ElementsAre(IsOack(one("blksize", "1024"))));
  EXPECT_THAT(bench.answer(kClient, ack(0)), ElementsAre(IsData(1)));
}

TEST(TftpNegotiation, LeavesUnknownOptionsOut) {  // TOPT-02
  EXPECT_THAT(first_answer(one("foo", "1")), ElementsAre(IsData(1)));
  EXPECT_EQ(acknowledged({{"foo", "1"}, {"blksize", "1024"}}), one("blksize", "1024"));
  EXPECT_THAT(first_answer({{"multicast", ""}, {"utimeout", "5"}, {"rollover", "1"}}),
              ElementsAre(IsData(1)));
}

// RFC 2347 lets an option stand once. dnsmasq takes the last.
TEST(TftpNegotiation, TakesTheFirstOfAnOptionThatStandsTwice) {  // TOPT-06
  EXPECT_EQ(acknowledged({{"blksize", "600"}, {"BLKSIZE", "700"}}), one("blksize", "600"));
}

TEST(TftpNegotiation, AcknowledgesEachSubsetOnceAndNothingElse) {  // TOPT-03
  const Options all{{"blksize", "1000"}, {"tsize", "0"}, {"timeout", "3"}, {"windowsize", "4"}};
  const Options answers{
      {"blksize", "1000"}, {"tsize", "1300"}, {"timeout", "3"}, {"windowsize", "4"}};
  for (unsigned subset = 1; subset < 16; ++subset) {
    Options asked;
    Options expected;
    for (unsigned i = 0; i < 4; ++i) {
      if ((subset >> i & 1U) == 0) continue;
      asked.insert(asked.begin(), all[i]);  // the order of the request does not matter
      expected.push_back(answers[i]);
    }
    EXPECT_EQ(acknowledged(asked), expected) << subset;
  }
}

TEST(TftpNegotiation, TakesNoValueForAName) {  // TOPT-04
  EXPECT_EQ(acknowledged({{"foo", "blksize"}, {"tsize", "0"}}), one("tsize", "1300"));
}

TEST(TftpNegotiation, ReadsNamesInAnyCase) {  // TOPT-05
  EXPECT_EQ(acknowledged({{"BLKSIZE", "1024"}, {"TSize", "0"}}),
            (Options{{"blksize", "1024"}, {"tsize", "1300"}}));
}

TEST(TftpNegotiation, EchoesADoubledOptionOnce) {  // TOPT-06
  EXPECT_EQ(acknowledged({{"blksize", "1024"}, {"blksize", "700"}}), one("blksize", "1024"));
}

TEST(TftpNegotiation, OmitsBlockSizesOutOfRangeAndWhatIsNoNumber) {  // TOPT-07, -08, -09, T1
  for (const char* value : {"7", "1", "0", "65465", "99999", "4294967808", "18446744073709551624",
                            "abc", "-1", "512x", " 512", "+512", "", "0x200", "1e3"}) {
    EXPECT_THAT(first_answer(one("blksize", value)), ElementsAre(IsData(1))) << value;
  }
}

TEST(TftpNegotiation, TellsTheSizeInOctetModeOnly) {  // TOPT-10, -12, T12
  EXPECT_EQ(acknowledged(one("tsize", "0")), one("tsize", "1300"));
  EXPECT_EQ(acknowledged(one("tsize", "99")), one("tsize", "1300"));
  EXPECT_EQ(acknowledged(one("tsize", "x")), one("tsize", "1300")) << "as dnsmasq";
  EXPECT_EQ(acknowledged(one("tsize", "0"), "netascii"), Options{});
  EXPECT_EQ(acknowledged({{"tsize", "0"}, {"blksize", "600"}}, "netascii"), one("blksize", "600"));
  TftpBench bench;
  bench.add("empty", {});
  EXPECT_THAT(bench.request(kClient, rrq("empty", one("tsize", "0"))),
              ElementsAre(IsOack(one("tsize", "0"))));
  EXPECT_THAT(bench.request(kStranger, rrq("missing", one("tsize", "0"))),
              ElementsAre(IsError(tftp::ErrorCode::FileNotFound)));
}

TEST(TftpNegotiation, LeavesAnOptionWithoutAValueOut) {
  EXPECT_THAT(first_answer(one("tsize", "")), ElementsAre(IsData(1)));
  EXPECT_THAT(first_answer(one("blksize", "")), ElementsAre(IsData(1)));
  EXPECT_EQ(acknowledged({{"tsize", ""}, {"blksize", "1024"}}), one("blksize", "1024"));
}

TEST(TftpNegotiation, TellsSizesOverFourGibibytes) {  // TOPT-11, T2
  TftpBench bench;
  bench.files["big"] = TftpBench::Target(std::make_shared<EndlessFile>(5ULL << 30U));
  EXPECT_THAT(bench.request(kClient, rrq("big", one("tsize", "0"))),
              ElementsAre(IsOack(one("tsize", "5368709120"))));
}

TEST(TftpNegotiation, TakesEveryTimeoutOfTheStandard) {  // TOPT-13, T13
  for (const char* value : {"1", "3", "7", "8", "30", "255"}) {
    EXPECT_EQ(acknowledged(one("timeout", value)), one("timeout", value));
  }
  for (const char* value : {"0", "256", "abc", "-1", ""}) {
    EXPECT_THAT(first_answer(one("timeout", value)), ElementsAre(IsData(1))) << value;
  }
}

TEST(TftpNegotiation, HonoursTheTimeoutItAcknowledged) {  // TOPT-14
  for (const auto& [value, interval] : {std::pair{"1", 1s}, std::pair{"3", 3s}, std::pair{"7", 7s},
                                        std::pair{"30", 30s}, std::pair{"255", 255s}}) {
    TftpBench bench;
    bench.add("f", pattern(1300));
    bench.request(kClient, rrq("f", one("timeout", value)));
    bench.now += 5ms;
    bench.answer(kClient, ack(0));
    const Instant sent = bench.now;
    EXPECT_THAT(bench.wait(interval - 1ms), IsEmpty());
    EXPECT_THAT(bench.wait(1ms), ElementsAre(IsData(1)));
    EXPECT_EQ(bench.now - sent, interval);
  }
}

TEST(TftpNegotiation, TakesAProbeThatIsAbortedInSilence) {  // TOPT-15
  TftpBench bench;
  bench.add("f", pattern(1300));
  bench.request(kClient, rrq("f", {{"tsize", "0"}, {"blksize", "1468"}, {"windowsize", "4"}}));
  EXPECT_THAT(bench.answer(kClient, error(8, "User aborted the transfer")), IsEmpty());
  EXPECT_THAT(bench.wait(60s), IsEmpty());
  EXPECT_EQ(bench.server.poll_timeout(), std::nullopt);
  EXPECT_EQ(bench.failed(TftpReason::ProbeAborted), 1U);

  const Endpoint next{kClient.address, static_cast<std::uint16_t>(kClient.port + 1)};
  EXPECT_THAT(bench.request(next, rrq("f", {{"blksize", "1468"}, {"windowsize", "4"}})),
              ElementsAre(IsOack(Options{{"blksize", "1468"}, {"windowsize", "4"}})));
}

TEST(TftpNegotiation, ServesARequestWithABrokenOptionList) {  // TOPT-16, T6
  const Bytes whole = rrq("f", {{"blksize", "1024"}});
  Bytes without_value = rrq("f");
  for (const char letter : std::string_view("blksize\0", 8))
    without_value.push_back(static_cast<std::uint8_t>(letter));
  Bytes without_nul(whole.begin(), whole.end() - 1);
  Bytes padded = rrq("f");
  padded.insert(padded.end(), 40, 'x');
  Bytes zeros = rrq("f");
  zeros.insert(zeros.end(), 40, 0);
  for (const Bytes& packet : {without_value, without_nul, padded, zeros}) {
    TftpBench bench;
    bench.add("f", pattern(1300));
    EXPECT_THAT(bench.request(kClient, packet), ElementsAre(IsData(1))) << to_hex(packet);
  }
  TftpBench bench;
  bench.add("f", pattern(1300));
  EXPECT_THAT(bench.request(kClient, rrq("f", one("foo", std::string(600, '1')))),
              ElementsAre(IsData(1)));
}

TEST(TftpNegotiation, TakesWindowsUpToItsLimit) {  // TWIN-01, TWIN-10
  EXPECT_EQ(acknowledged(one("windowsize", "1")), one("windowsize", "1"));
  EXPECT_EQ(acknowledged(one("windowsize", "4")), one("windowsize", "4"));
  EXPECT_EQ(acknowledged(one("windowsize", "64")), one("windowsize", "64"));
  EXPECT_EQ(acknowledged(one("windowsize", "65535")), one("windowsize", "64"));
  for (const char* value : {"0", "65536", "abc"}) {
    EXPECT_THAT(first_answer(one("windowsize", value)), ElementsAre(IsData(1))) << value;
  }
}

TEST(TftpNegotiation, LeavesTheBlockSizeAloneWhenToldTo) {  // tftp-no-blocksize
  TftpOptions options = bench_options();
  options.acknowledge_block_size = false;
  EXPECT_EQ(acknowledged({{"blksize", "1024"}, {"tsize", "0"}}, "octet", options),
            one("tsize", "1300"));
}

}  // namespace
}  // namespace pxeproof::server
