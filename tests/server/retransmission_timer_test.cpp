#include "server/retransmission_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace pxeproof::server {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Action = RetransmissionTimer::Action;
constexpr Instant kStart{10s};

// The times at which something is sent again, and last the time of giving up.
std::vector<double> schedule(RetransmissionTimer& timer, Instant start) {
  timer.on_send(start);
  std::vector<double> times;
  for (;;) {
    const Instant at = timer.deadline();
    const Action action = timer.on_timeout(at);
    times.push_back(to_seconds(at - start));
    if (action == Action::GiveUp) return times;
  }
}

TEST(RetransmissionTimer, DoublesFromOneSecondWhenNothingWasMeasured) {  // TLOSS-07
  RetransmissionTimer timer({});
  EXPECT_THAT(schedule(timer, kStart), ElementsAre(1, 3, 7, 15, 31, 55));
}

TEST(RetransmissionTimer, FollowsTheMeasuredRoundTripButNeverBelowAQuarterSecond) {
  RetransmissionTimer fast({});
  fast.on_send(kStart);
  fast.on_answer(kStart + 1ms, 1ms);
  fast.on_send(kStart + 1ms);
  EXPECT_EQ(fast.interval(), 250ms);

  RetransmissionTimer slow({});
  slow.on_send(kStart);
  slow.on_answer(kStart + 400ms, 400ms);
  slow.on_send(kStart + 400ms);
  EXPECT_EQ(slow.interval(), 1200ms);  // RFC 6298 s.2.2: 400 + 4 x 200
}

TEST(RetransmissionTimer, KeepsALongAgreedIntervalAndSendsFourTimes) {  // RFC 2349
  RetransmissionTimer seven({.fixed = 7s});
  EXPECT_THAT(schedule(seven, kStart), ElementsAre(7, 21, 49, 55));
  RetransmissionTimer thirty({.fixed = 30s});
  EXPECT_THAT(schedule(thirty, kStart), ElementsAre(30, 60, 90, 120));
  RetransmissionTimer longest({.fixed = 255s});
  EXPECT_THAT(schedule(longest, kStart), ElementsAre(255, 510, 765, 1020));
}

TEST(RetransmissionTimer, SettlesOnASteadyRoundTrip) {
  RetransmissionTimer timer({});
  Instant now = kStart;
  for (int i = 0; i < 50; ++i) {
    timer.on_send(now);
    now += 600ms;
    timer.on_answer(now, 600ms);
  }
  timer.on_send(now);
  EXPECT_GE(timer.interval(), 600ms);
  EXPECT_LE(timer.interval(), 700ms);
}

TEST(RetransmissionTimer, MeasuresNothingThatWasSentTwiceButKeepsTheLongerInterval) {  // Karn
  RetransmissionTimer timer({});
  timer.on_send(kStart);
  EXPECT_EQ(timer.on_timeout(kStart + 1s), Action::Resend);
  timer.on_answer(kStart + 1500ms, std::nullopt);
  EXPECT_EQ(timer.shortest_round_trip(), std::nullopt);
  timer.on_send(kStart + 1500ms);
  EXPECT_EQ(timer.interval(), 2s);
}

// Of each window the first block was lost, and each time it was waited two seconds.
TEST(RetransmissionTimer, BeginsAnewAfterEachLossWhoseRepairIsAnsweredAtOnce) {
  RetransmissionTimer timer({});
  Instant now = kStart;
  timer.on_send(now);
  timer.on_answer(now += 1ms, 1ms);
  for (int loss = 0; loss < 48; ++loss) {
    timer.on_send(now);
    ASSERT_EQ(timer.interval(), 250ms);
    now = timer.deadline();
    ASSERT_EQ(timer.on_timeout(now), Action::Resend);
    timer.on_answer(now += 2ms, std::nullopt);
  }
}

// The answer comes long after the last send: it may be that to the first.
TEST(RetransmissionTimer, FindsANetworkThatBecameSlower) {
  RetransmissionTimer timer({});
  Instant now = kStart;
  timer.on_send(now);
  timer.on_answer(now += 1ms, 1ms);
  int resends = 0;
  for (int i = 0; i < 20; ++i) {
    timer.on_send(now);
    const Instant answered = now + 600ms;
    bool again = false;
    while (timer.deadline() < answered) {
      ASSERT_EQ(timer.on_timeout(timer.deadline()), Action::Resend);
      again = true;
      ++resends;
    }
    now = answered;
    timer.on_answer(now, again ? std::nullopt : std::optional<Duration>(600ms));
  }
  EXPECT_LE(resends, 4);
  EXPECT_GE(timer.interval(), 600ms);
}

TEST(RetransmissionTimer, HoldsTheAgreedFirstIntervalWhateverWasMeasured) {  // TOPT-14
  RetransmissionTimer timer({.fixed = 3s});
  timer.on_send(kStart);
  timer.on_answer(kStart + 1ms, 1ms);
  EXPECT_THAT(schedule(timer, kStart), ElementsAre(3, 9, 21, 45, 55));
}

TEST(RetransmissionTimer, SendsAtLeastFourTimesAndGivesUpWithinAMinuteFromAnyInterval) {
  for (auto first = 250ms; first <= 7000ms; first += 250ms) {
    RetransmissionTimer timer({.first = first});
    const auto times = schedule(timer, kStart);
    EXPECT_GE(times.size(), 4U) << to_seconds(first);  // the first send comes on top
    EXPECT_LE(times.back(), 60.0);
    for (std::size_t i = 2; i + 1 < times.size(); ++i) {
      EXPECT_GT(times[i] - times[i - 1], times[i - 1] - times[i - 2]);
    }
  }
}

TEST(RetransmissionTimer, DoesNothingWhenItIsCalledEarly) {
  RetransmissionTimer timer({});
  timer.on_send(kStart);
  EXPECT_EQ(timer.on_timeout(kStart + 999ms), Action::Wait);
  EXPECT_FALSE(timer.resent());
}

}  // namespace
}  // namespace pxeproof::server
