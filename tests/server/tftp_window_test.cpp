#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A transfer of blocks of 100 octets whose OACK was acknowledged, one millisecond after it was
// sent.
std::vector<Sent> begin(TftpBench& bench, std::string_view window, std::size_t size) {
  bench.add("f", pattern(size));
  bench.request(kClient, rrq("f", {{"blksize", "100"}, {"windowsize", std::string(window)}}));
  bench.now += 1ms;
  return bench.answer(kClient, ack(0));
}

TEST(TftpWindow, SendsAWindowAndWaits) {  // TWIN-02
  TftpBench bench;
  EXPECT_THAT(begin(bench, "4", 5000), ElementsAre(IsData(1), IsData(2), IsData(3), IsData(4)));
  EXPECT_THAT(bench.wait(100ms), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(4)),
              ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
}

TEST(TftpWindow, OfOneIsLockStep) {  // TWIN-03
  TftpBench bench;
  EXPECT_THAT(begin(bench, "1", 5000), ElementsAre(IsData(1)));
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
}

TEST(TftpWindow, GoesBackToTheBlockAfterAnAckInsideTheWindow) {  // TWIN-04
  TftpBench bench;
  begin(bench, "4", 5000);
  EXPECT_THAT(bench.answer(kClient, ack(2)),
              ElementsAre(IsData(3), IsData(4), IsData(5), IsData(6)));
}

TEST(TftpWindow, SendsTheSameWindowAgainAfterATimeout) {  // TWIN-05
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.answer(kClient, ack(4));
  EXPECT_THAT(bench.next_timeout(), ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
  EXPECT_EQ(bench.now, kStart + 1ms + 250ms);
}

TEST(TftpWindow, SendsOneNewWindowForThreeEqualAcks) {  // TWIN-06
  TftpBench bench;
  begin(bench, "4", 5000);
  EXPECT_THAT(bench.answer(kClient, ack(2)), SizeIs(4));
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  bench.now += 10ms;
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(6)), SizeIs(4));
  EXPECT_THAT(bench.answer(kClient, ack(6)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(6)), IsEmpty());
}

TEST(TftpWindow, IgnoresAnAckFromTheWindowBefore) {  // TWIN-07
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.answer(kClient, ack(4));
  bench.now += 10ms;
  EXPECT_THAT(bench.answer(kClient, ack(2)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::StaleAck));
  EXPECT_THAT(bench.answer(kClient, ack(8)), SizeIs(4));
}

TEST(TftpWindow, TakesTwoLateEqualAcksForALostFirstBlock) {  // EDK2 sends one for each block behind
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.answer(kClient, ack(4));
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(4)),
              ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
  // The copies make the client repeat itself; that is no further gap.
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(8)), SizeIs(4));
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(8)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(8)), IsEmpty());
}

TEST(TftpWindow, EndsInsideAWindowAndResendsItUntilAcknowledged) {  // TWIN-08
  TftpBench bench;
  EXPECT_THAT(begin(bench, "4", 250), ElementsAre(IsData(1), IsData(2), IsData(3)));
  bench.next_timeout();
  EXPECT_THAT(bench.next_timeout(), ElementsAre(IsData(1), IsData(2), IsData(3)));
  EXPECT_THAT(bench.answer(kClient, ack(3)), IsEmpty());
  EXPECT_EQ(bench.server.counters().finished, 1U);
}

TEST(TftpWindow, CrossesTheWrapInOneWindow) {  // TWIN-09
  TftpBench bench;
  bench.files["f"] = TftpBench::Target(std::make_shared<EndlessFile>(70000 * 8));
  bench.request(kClient, rrq("f", {{"blksize", "8"}, {"windowsize", "16"}}));
  auto sent = bench.answer(kClient, ack(0));
  std::uint64_t received = 0;
  while (!sent.empty()) {
    for (const Sent& each : sent) {
      ASSERT_THAT(each, IsData((received + 1) & 0xffffU));
      ASSERT_EQ(each.octets.size() > 4 ? each.octets[4] : EndlessFile::octet_at(received * 8),
                EndlessFile::octet_at(received * 8));
      ++received;
    }
    sent = bench.answer(kClient, ack(static_cast<std::uint16_t>(received & 0xffffU)));
  }
  EXPECT_EQ(received, 70001U);
}

TEST(TftpWindow, SendsAClientThatNeverAnswersOnlyTheOack) {  // TWIN-10
  TftpBench bench;
  bench.add("f", pattern(1000000));
  std::size_t octets = 0;
  for (auto sent = bench.request(kClient, rrq("f", {{"blksize", "1468"}, {"windowsize", "65535"}}));
       bench.server.transfers() > 0; sent = bench.next_timeout()) {
    for (const Sent& each : sent) octets += each.octets.size();
  }
  EXPECT_LT(octets, 1000U);
}

TEST(TftpWindow, NetasciiGoesBackToo) {
  TftpBench bench;
  bench.add("f", text_bytes("1234567\n2345678\n3456789\nabcdefg\nend"));
  bench.request(kClient, rrq("f", {{"blksize", "8"}, {"windowsize", "3"}}, "netascii"));
  bench.answer(kClient, ack(0));
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsDataOf(2, text_bytes("\n2345678")),
                                                         IsDataOf(3, text_bytes("\r\n345678")),
                                                         IsDataOf(4, text_bytes("9\r\nabcde"))));
}

}  // namespace
}  // namespace pxeproof::server
