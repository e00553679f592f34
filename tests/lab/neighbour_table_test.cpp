#include "lab/neighbour_table.h"

#include <gtest/gtest.h>

namespace pxeproof::lab {
namespace {

using namespace std::chrono_literals;
using Outcome = NeighbourTable::Outcome;
using Question = NeighbourTable::Question;
using Source = NeighbourTable::Source;

constexpr Instant kStart{};
constexpr Ipv4Address kAddress = Ipv4Address::of(192, 168, 77, 50);
constexpr MacAddress kMac{{2, 0, 0, 0, 0, 5}};
constexpr MacAddress kOther{{2, 0, 0, 0, 0, 6}};

Frame marked(std::uint8_t mark) { return Frame(60, mark); }

TEST(NeighbourTable, SendsWhatWaitedWhenTheAddressIsLearnt) {
  NeighbourTable table({});
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(1)), Outcome::Queued);
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(2)), Outcome::Queued);
  EXPECT_EQ(table.poll_question(), (Question{kAddress, std::nullopt}));
  EXPECT_EQ(table.poll_question(), std::nullopt);
  Frame frame;
  EXPECT_FALSE(table.poll_transmit(frame));

  table.learn(kStart, kAddress, kMac, Source::Reply);

  for (const int mark : {1, 2}) {
    ASSERT_TRUE(table.poll_transmit(frame));
    EXPECT_TRUE(equal(ByteView(frame).first(6), kMac.octets));
    EXPECT_EQ(frame.back(), mark);
  }
  EXPECT_FALSE(table.poll_transmit(frame));
  EXPECT_EQ(table.use(kStart, kAddress), kMac);
  EXPECT_EQ(table.poll_timeout(), std::nullopt);
}

TEST(NeighbourTable, AsksThreeTimesAndThenDropsWhatWaited) {
  NeighbourTable table({});
  table.resolve(kStart, kAddress, marked(1));
  for (const Duration at : {0s, 1s, 2s}) {
    table.on_timeout(kStart + at);
    EXPECT_EQ(table.poll_question(), (Question{kAddress, std::nullopt})) << to_seconds(at);
    EXPECT_EQ(table.poll_question(), std::nullopt);
    EXPECT_EQ(table.poll_timeout(), kStart + at + 1s);
    table.on_timeout(kStart + at + 1s - 1ns);
    EXPECT_EQ(table.poll_question(), std::nullopt) << "early calls do nothing";
  }

  table.on_timeout(kStart + 3s);

  EXPECT_EQ(table.poll_question(), std::nullopt);
  EXPECT_EQ(table.poll_timeout(), std::nullopt);
  EXPECT_EQ(table.frames_dropped(), 1U);
}

TEST(NeighbourTable, AsksAgainAfterItGaveUp) {
  NeighbourTable table({.attempts = 1});
  table.resolve(kStart, kAddress, marked(1));
  table.poll_question();
  table.on_timeout(kStart + 1s);

  EXPECT_EQ(table.resolve(kStart + 2s, kAddress, marked(2)), Outcome::Queued);

  EXPECT_EQ(table.poll_question(), (Question{kAddress, std::nullopt}));
}

// Captures of real boots show it: five seconds after a server first used what it learnt from the
// client's own ARP request, it asks the client by unicast.
TEST(NeighbourTable, ProbesByUnicastWhatItOnlyHeardOf) {
  NeighbourTable table({});
  table.learn(kStart, kAddress, kMac, Source::Request);
  EXPECT_EQ(table.poll_timeout(), std::nullopt) << "not used yet";
  EXPECT_EQ(table.use(kStart + 1s, kAddress), kMac);
  EXPECT_EQ(table.poll_timeout(), kStart + 6s);

  for (const Duration at : {6s, 7s, 8s}) {
    table.on_timeout(kStart + at);
    EXPECT_EQ(table.poll_question(), (Question{kAddress, kMac})) << to_seconds(at);
    EXPECT_EQ(table.use(kStart + at, kAddress), kMac) << "used on while it is probed";
  }
  table.on_timeout(kStart + 9s);

  EXPECT_EQ(table.poll_question(), std::nullopt);
  EXPECT_EQ(table.use(kStart + 9s, kAddress), std::nullopt);
  EXPECT_EQ(table.frames_dropped(), 0U);
}

TEST(NeighbourTable, BelievesAnAnswerForHalfAMinute) {
  NeighbourTable table({});
  table.learn(kStart, kAddress, kMac, Source::Request);
  table.use(kStart, kAddress);
  table.on_timeout(kStart + 5s);
  table.poll_question();
  table.learn(kStart + 5s, kAddress, kMac, Source::Reply);
  EXPECT_EQ(table.poll_timeout(), std::nullopt);

  EXPECT_EQ(table.use(kStart + 34s, kAddress), kMac);
  EXPECT_EQ(table.poll_timeout(), std::nullopt);
  EXPECT_EQ(table.use(kStart + 35s, kAddress), kMac);
  EXPECT_EQ(table.poll_timeout(), kStart + 40s);
}

TEST(NeighbourTable, ARequestOfTheNeighbourDoesNotEndAProbe) {
  NeighbourTable table({});
  table.learn(kStart, kAddress, kMac, Source::Request);
  table.use(kStart, kAddress);
  table.learn(kStart + 1s, kAddress, kMac, Source::Request);
  EXPECT_EQ(table.poll_timeout(), kStart + 5s);
}

TEST(NeighbourTable, SendsWhatWaitedWhenTheNeighbourAsksUs) {
  NeighbourTable table({});
  table.resolve(kStart, kAddress, marked(1));
  table.learn(kStart + 1ms, kAddress, kMac, Source::Request);
  Frame frame;
  EXPECT_TRUE(table.poll_transmit(frame));
  EXPECT_EQ(table.poll_timeout(), kStart + 5s + 1ms) << "it is in use and only heard of";
}

TEST(NeighbourTable, BoundsTheFramesThatWait) {
  NeighbourTable table({.waiting_frames = 2});
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(1)), Outcome::Queued);
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(2)), Outcome::Queued);
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(3)), Outcome::QueueFull);
}

TEST(NeighbourTable, TakesNoNewAddressFromWhatPassesBy) {
  NeighbourTable table({});
  table.learn(kStart, kAddress, kMac, Source::Passing);
  table.learn(kStart, kAddress, kMac, Source::Reply);
  EXPECT_EQ(table.use(kStart, kAddress), std::nullopt);
}

TEST(NeighbourTable, TakesANewMacForAKnownAddress) {
  NeighbourTable table({});
  table.learn(kStart, kAddress, kMac, Source::Request);
  table.learn(kStart, kAddress, kOther, Source::Passing);
  EXPECT_EQ(table.use(kStart, kAddress), kOther);
}

TEST(NeighbourTable, ForgetsTheOldestWhenFull) {
  NeighbourTable table({.addresses = 2});
  const Ipv4Address second{kAddress.value + 1};
  const Ipv4Address third{kAddress.value + 2};
  table.learn(kStart, second, kMac, Source::Request);
  table.learn(kStart, kAddress, kMac, Source::Request);

  EXPECT_EQ(table.resolve(kStart, third, marked(1)), Outcome::Queued);

  EXPECT_EQ(table.use(kStart, second), std::nullopt);
  EXPECT_EQ(table.use(kStart, kAddress), kMac);
}

TEST(NeighbourTable, RefusesWhenAllOfItIsBeingAskedFor) {
  NeighbourTable table({.addresses = 1});
  EXPECT_EQ(table.resolve(kStart, kAddress, marked(1)), Outcome::Queued);
  EXPECT_EQ(table.resolve(kStart, {kAddress.value + 1}, marked(1)), Outcome::TableFull);
}

}  // namespace
}  // namespace pxeproof::lab
