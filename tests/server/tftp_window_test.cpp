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
  EXPECT_TRUE(bench.dropped(TftpReason::StaleAck));
  EXPECT_THAT(bench.answer(kClient, ack(8)), SizeIs(4));
}

TEST(TftpWindow, TakesOneLateEqualAckForALostFirstBlock) {  // U-Boot says it once, EDK2 four times
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.answer(kClient, ack(4));
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)),
              ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  // The copies make the client repeat itself; that is no further gap.
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(8)), SizeIs(4));
  bench.now += 2ms;
  EXPECT_THAT(bench.answer(kClient, ack(8)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(8)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(12)), SizeIs(4));
  EXPECT_THAT(bench.wait(100ms), IsEmpty());
}

TEST(TftpWindow, WaitsNoAgreedIntervalForALostFirstBlock) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f", {{"timeout", "5"}, {"blksize", "100"}, {"windowsize", "4"}}));
  bench.now += 1ms;
  bench.answer(kClient, ack(0));
  for (std::uint16_t window = 1; window <= 8; ++window) {
    const auto last = static_cast<std::uint16_t>(4 * window);
    bench.now += 1ms;
    EXPECT_THAT(bench.answer(kClient, ack(last)), SizeIs(4));
    bench.now += 1ms;
    auto again = bench.answer(kClient, ack(last));
    while (again.empty()) again = bench.next_timeout();
    EXPECT_THAT(
        again, ElementsAre(IsData(last + 1), IsData(last + 2), IsData(last + 3), IsData(last + 4)));
  }
  EXPECT_LT(bench.now, kStart + 100ms);
}

// The block behind the gap comes sooner than the end of a window, by which a round trip is
// measured.
TEST(TftpWindow, TakesEqualAcksSoonerThanARoundTripForAGapOnceTheAnswerIsOverdue) {
  for (const int copies : {1, 3}) {
    TftpBench bench;
    begin(bench, "4", 5000);
    bench.now += 1ms;
    bench.answer(kClient, ack(4));
    bench.now += 500us;
    for (int copy = 0; copy < copies; ++copy) {
      EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
    }
    EXPECT_THAT(bench.next_timeout(), ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
    EXPECT_LE(bench.now, kStart + 10ms);
    EXPECT_THAT(bench.wait(100ms), IsEmpty());
  }
}

TEST(TftpWindow, TakesAnEqualAckForACopyWhenTheAnswerComesInTime) {
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.now += 1ms;
  bench.answer(kClient, ack(4));
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  bench.now += 1ms;
  EXPECT_THAT(bench.answer(kClient, ack(8)), SizeIs(4));
  EXPECT_THAT(bench.wait(100ms), IsEmpty());
}

TEST(TftpWindow, GoesBackAgainWhenTheSameBlockIsLostTwice) {
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.now += 1ms;
  bench.answer(kClient, ack(4));
  bench.now += 1ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), SizeIs(4));
  bench.now += 4ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.next_timeout(), ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
  EXPECT_LE(bench.now, kStart + 50ms);
}

// Its ACK may be one more answer to the first sending, so it counts when a quarter of a second has
// brought nothing else, however long the agreed interval.
TEST(TftpWindow, GoesBackAgainForAnAckThatCameAtOnce) {
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f", {{"timeout", "5"}, {"blksize", "100"}, {"windowsize", "4"}}));
  bench.now += 1ms;
  bench.answer(kClient, ack(0));
  bench.now += 1ms;
  bench.answer(kClient, ack(4));
  bench.now += 1ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), SizeIs(4));
  bench.now += 1ms;
  EXPECT_THAT(bench.answer(kClient, ack(4)), IsEmpty());
  EXPECT_THAT(bench.wait(200ms), IsEmpty());
  EXPECT_THAT(bench.wait(50ms), ElementsAre(IsData(5), IsData(6), IsData(7), IsData(8)));
}

// A client that says the same for ever is given up, and gets a window ever more seldom until then.
TEST(TftpWindow, SendsLittleToAClientThatNeverStopsRepeatingItself) {
  TftpBench bench;
  begin(bench, "4", 5000);
  bench.answer(kClient, ack(4));
  std::size_t sent = 0;
  while (bench.server.transfers() > 0) {
    bench.now += 1ms;
    sent += bench.answer(kClient, ack(4)).size() + bench.wait(0s).size();
    ASSERT_LT(bench.now, kStart + 60s);
  }
  EXPECT_LT(sent, 400U);
}

// A client with room for five blocks, which acknowledges only what RFC 7440 s.4 asks for and has no
// clock of its own.
struct SmallClient {
  std::uint16_t good = 0;
  std::uint16_t in_window = 0;
  std::optional<std::uint16_t> hear(const std::vector<Sent>& burst) {
    std::optional<std::uint16_t> said;
    for (std::size_t i = 0; i < std::min<std::size_t>(burst.size(), 5); ++i) {
      const auto packet = burst[i].packet();
      if (std::get<tftp::Data>(packet).block != good + 1) {
        said = good;
        in_window = 0;
        continue;
      }
      ++good;
      if (++in_window == 8) {
        said = good;
        in_window = 0;
      }
    }
    return said;
  }
};

TEST(TftpWindow, GoesOutInPiecesToAClientThatHasNoRoomForAllOfIt) {
  TftpBench bench;
  SmallClient client;
  auto sent = begin(bench, "8", 50000);
  while (client.good < 500 && bench.now < kStart + 60s) {
    const auto said = client.hear(sent);
    bench.now += 100us;
    sent = said ? bench.answer(kClient, ack(*said)) : bench.next_timeout();
  }
  EXPECT_GE(client.good, 500);
  EXPECT_LT(bench.now, kStart + 2s);
}

TEST(TftpWindow, OfOneNeverSendsForAnEqualAck) {
  TftpBench bench;
  begin(bench, "1", 5000);
  bench.answer(kClient, ack(1));
  for (int copy = 0; copy < 10; ++copy) {
    bench.now += 20ms;
    EXPECT_THAT(bench.answer(kClient, ack(1)), IsEmpty());
    EXPECT_THAT(bench.wait(0s), IsEmpty());
  }
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
