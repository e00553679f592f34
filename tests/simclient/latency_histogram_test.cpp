#include "simclient/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "protocol/random.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(0.5), Duration{});
  EXPECT_EQ(histogram.minimum(), Duration{});
  EXPECT_TRUE(histogram.classes().empty());
}

TEST(LatencyHistogram, KeepsTheEndsExactly) {
  LatencyHistogram histogram;
  histogram.record(1234567ns);
  histogram.record(7654321ns);
  EXPECT_EQ(histogram.minimum(), 1234567ns);
  EXPECT_EQ(histogram.maximum(), 7654321ns);
  EXPECT_EQ(histogram.percentile(1), 7654321ns);
  EXPECT_EQ(histogram.mean(), 4444444ns);
}

TEST(LatencyHistogram, TakesNegativeDurationsForZero) {
  LatencyHistogram histogram;
  histogram.record(-5s);
  EXPECT_EQ(histogram.maximum(), Duration{});
  EXPECT_EQ(histogram.count(), 1U);
}

// Against the sorted values themselves, from microseconds to hours.
TEST(LatencyHistogram, IsNeverOffByMoreThanFourInAThousand) {
  Random random(3);
  std::vector<Duration> values;
  LatencyHistogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    const double exponent = 3 + 10 * static_cast<double>(random.below(1'000'000)) / 1e6;
    values.emplace_back(static_cast<std::int64_t>(std::pow(10.0, exponent)));
    histogram.record(values.back());
  }
  std::ranges::sort(values);
  for (const double share : {0.0001, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000)) - 1;
    const double exact = static_cast<double>(values[rank].count());
    const double shown = static_cast<double>(histogram.percentile(share).count());
    EXPECT_GE(shown, exact - 1) << share;
    EXPECT_LE(shown, exact * 1.004 + 1000) << share;
  }
}

TEST(LatencyHistogram, MergesIntoTheOneThatCountedBoth) {
  Random random(5);
  LatencyHistogram left;
  LatencyHistogram right;
  LatencyHistogram both;
  for (int i = 0; i < 5'000; ++i) {
    const Duration value(static_cast<std::int64_t>(random.below(90'000'000'000)));
    (i % 3 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.minimum(), both.minimum());
  EXPECT_EQ(left.maximum(), both.maximum());
  for (const double share : {0.01, 0.5, 0.99, 0.999}) {
    EXPECT_EQ(left.percentile(share), both.percentile(share));
  }
}

TEST(LatencyHistogram, CanBeMadeAgainFromItsClasses) {
  LatencyHistogram histogram;
  for (const Duration value : std::vector<Duration>{3us, 3us, 800us, 12ms, 40s})
    histogram.record(value);
  LatencyHistogram again;
  for (const LatencyHistogram::Class& each : histogram.classes()) {
    again.record(each.from, each.count);
  }
  ASSERT_EQ(again.classes().size(), histogram.classes().size());
  EXPECT_EQ(again.count(), histogram.count());
  EXPECT_LE(again.percentile(0.5), histogram.percentile(0.5));
}

}  // namespace
}  // namespace pxeproof::rom
