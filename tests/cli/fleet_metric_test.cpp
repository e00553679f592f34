#include "cli/fleet_metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/virtual_fleet.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(FleetThreshold, IsMetricOperatorAndLimit) {
  const auto threshold = parse_threshold("--threshold", "boot.p99<10s");
  ASSERT_TRUE(threshold);
  EXPECT_EQ(threshold->metric.name, "boot.p99");
  EXPECT_TRUE(threshold->holds(9.9e9));
  EXPECT_FALSE(threshold->holds(10e9));
  EXPECT_TRUE(parse_threshold("--threshold", "nbp.p99.9 <= 150ms")->holds(150e6));
  EXPECT_TRUE(parse_threshold("--threshold", "boot.failed==0")->holds(0));
  EXPECT_TRUE(parse_threshold("--threshold", "boot.rate>=50/s")->holds(50));
}

TEST(FleetThreshold, AMisspeltMetricIsNamedWithItsNeighbours) {
  const auto threshold = parse_threshold("--threshold", "boot.p9<10s");
  ASSERT_FALSE(threshold);
  EXPECT_EQ(threshold.error().code, ExitCode::WrongUsage);
  EXPECT_THAT(threshold.error().message, HasSubstr("unknown metric \"boot.p9\"; did you mean"));
  EXPECT_THAT(threshold.error().message, HasSubstr("boot.p99"));
  EXPECT_THAT(parse_threshold("--threshold", "bot.failed==0").error().message,
              HasSubstr("did you mean boot.failed?"));
}

TEST(FleetThreshold, RefusesWhatComparesNothing) {
  for (const char* text : {"boot.p99", "boot.p99<", "boot.p99<ten", "boot.p99<10", "<10s", "",
                           "boot.failed==x", "boot.failed==-1", "boot.p99<1e40s"}) {
    const auto threshold = parse_threshold("--threshold", text);
    ASSERT_FALSE(threshold) << text;
    EXPECT_EQ(threshold.error().code, ExitCode::WrongUsage);
  }
}

TEST(FleetMetric, MeasuresOnlyWhatHappened) {
  rom::FleetTally tally;
  EXPECT_EQ(parse_threshold("", "boot.p50<1s")->metric.measure(tally), std::nullopt);
  tally.spans[static_cast<std::size_t>(rom::Span::Boot)].record(2s);
  EXPECT_EQ(parse_threshold("", "boot.max<1s")->metric.measure(tally), 2e9);
  tally.failed = 3;
  EXPECT_EQ(parse_threshold("", "boot.failed==0")->metric.measure(tally), 3.0);
}

TEST(FleetMetric, CountsEachRepetitionInItsPartAndInTheWholeBoot) {
  rom::FleetTally tally;
  tally.resent[static_cast<std::size_t>(rom::Span::Offer)] = 2;
  tally.resent[static_cast<std::size_t>(rom::Span::Nbp)] = 3;
  EXPECT_EQ(parse_threshold("", "nbp.resent==3")->metric.measure(tally), 3.0);
  const FleetMetric whole = parse_threshold("", "boot.resent<1")->metric;
  EXPECT_EQ(whole.measure(tally), 5.0);
  EXPECT_FALSE(whole.counts_machines());
}

TEST(FleetDuration, NeedsItsUnit) {
  EXPECT_EQ(*parse_duration("", "150ms"), 150ms);
  EXPECT_EQ(*parse_duration("", "1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("", "2m"), 120s);
  for (const char* text : {"", "5", "s", "-1s", "5 s", "5sec", "nan s", "infs"}) {
    EXPECT_FALSE(parse_duration("--duration", text)) << text;
  }
}

TEST(FleetDuration, IsPrintedWithThreeDigits) {
  EXPECT_EQ(duration_text(0s), "0");
  EXPECT_EQ(duration_text(800us), "800 us");
  EXPECT_EQ(duration_text(1234us), "1.23 ms");
  EXPECT_EQ(duration_text(14200ms), "14.2 s");
}

// One letter wrong, and the word that was meant.
TEST(FleetOptions, AreSuggestedWhereTheyAreMisspelt) {
  struct Case {
    std::vector<std::string> words;
    std::string meant;
  };
  const std::vector<Case> cases{{{"--arrive", "strom"}, "did you mean storm?"},
                                {{"--arrive", "raks=2x5@1s"}, "did you mean racks?"},
                                {{"--mix", "ipxe-bois"}, "did you mean ipxe-bios?"},
                                {{"--link", "los=1%"}, "did you mean loss?"},
                                {{"--link", "ipxe-bois:loss=1%"}, "did you mean ipxe-bios?"},
                                {{"--until", "paylaod"}, "did you mean payload?"}};
  for (const Case& each : cases) {
    const auto options = read_words(each.words);
    ASSERT_FALSE(options) << each.words.back();
    EXPECT_THAT(options.error().message, HasSubstr(each.meant));
  }
  EXPECT_THAT(read_words({"--arrive", "altogether"}).error().message,
              ::testing::Not(HasSubstr("did you mean")));
}

}  // namespace
}  // namespace pxeproof::cli
