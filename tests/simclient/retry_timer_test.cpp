#include "simclient/retry_timer.h"

#include <gmock/gmock.h>

#include <vector>

#include "firmware/profile.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using firmware::AdaptiveWait;
using firmware::FixedWaits;
using firmware::RetryRule;
using firmware::TickRules;
using testing::ElementsAre;

constexpr Instant kBegin{1000s};

// When each send of an unanswered packet goes out, and last when it is given up.
std::vector<Duration> unanswered(const RetryRule& rule, const TickClock& clock) {
  RetryTimer timer(rule, clock);
  timer.begin(kBegin);
  std::vector<Duration> times{0s};
  while (timer.deadline()) {
    const Instant at = *timer.deadline();
    times.push_back(at - kBegin);
    if (timer.on_expiry(at) == RetryTimer::Expiry::GiveUp) break;
  }
  return times;
}

const TickClock kExact(TickRules{}, Duration{});

TEST(RetryTimer, FollowsFixedWaits) {
  EXPECT_THAT(unanswered(FixedWaits{{1s, 2s, 4s, 8s}}, kExact), ElementsAre(0s, 1s, 3s, 7s, 15s));
}

TEST(RetryTimer, DoublesAnAdaptiveWaitUntilItIsTooLong) {
  EXPECT_THAT(unanswered(AdaptiveWait{250ms, 10s}, kExact),
              ElementsAre(0s, 250ms, 750ms, 1750ms, 3750ms, 7750ms, 15750ms));
}

TEST(RetryTimer, ForgivesExpiriesBeforeItLearnsFromRoundTrips) {
  const RetryRule rule = AdaptiveWait{250ms, 10s};
  RetryTimer timer(rule, kExact);
  timer.begin(kBegin);
  timer.on_expiry(kBegin + 250ms);  // now 500 ms
  timer.on_reply(kBegin + 300ms);   // forgives the second expiry
  EXPECT_EQ(timer.deadline(), kBegin + 800ms);
  timer.on_reply(kBegin + 300ms);  // forgives the first
  EXPECT_EQ(timer.deadline(), kBegin + 800ms);
  timer.on_reply(kBegin + 340ms);  // 500 - 62.5 + 20
  EXPECT_EQ(timer.deadline(), kBegin + 340ms + 457'500us);
}

TEST(RetryTimer, AReplyStartsFixedWaitsAnew) {
  const RetryRule rule = FixedWaits{{1s, 2s}};
  RetryTimer timer(rule, kExact);
  timer.begin(kBegin);
  timer.on_expiry(kBegin + 1s);
  timer.on_reply(kBegin + 1500ms);
  EXPECT_EQ(timer.deadline(), kBegin + 2500ms);
}

// The gaps between router solicitations of the real ROM: 5, 10, 19, 37, 74 and 147 ticks of the
// BIOS timer, the first shortened by the phase (pcaps of boots a, c, e).
TEST(TickClock, MakesTheGapsOfTheRealRom) {
  const auto profile = *firmware::builtin_profile("ipxe-bios");
  const TickClock clock(profile->clock, 10ms);
  const auto times = unanswered(*profile->router_solicitations, clock);
  const std::vector<double> seen{0, .2576, .8053, 1.8502, 3.8814, 7.9486};
  ASSERT_EQ(times.size(), seen.size() + 1);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_NEAR(to_seconds(times[i]), seen[i], 0.055) << i;
  }
  EXPECT_NEAR(to_seconds(times.back()), 16.04, 0.06);
}

TEST(TickClock, EndsWaitsAtTicksOnly) {
  const TickClock clock({.tick = 1s, .counts_as = 1s}, 300ms);
  EXPECT_EQ(clock.after(Instant{10s}, 4s), Instant{13300ms});
  EXPECT_EQ(clock.after(Instant{10s}, 0s), Instant{10s});
  EXPECT_EQ(clock.elapsed(Instant{10s}, Instant{10299ms}), 0s);
  EXPECT_EQ(clock.elapsed(Instant{10s}, Instant{10300ms}), 1s);
}

}  // namespace
}  // namespace pxeproof::rom
