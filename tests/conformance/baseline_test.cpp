#include "conformance/baseline.h"

#include <gtest/gtest.h>

#include "conformance/builtin_texts.h"

namespace pxeproof::conformance {

namespace {

constexpr std::string_view kText = R"(target = "dnsmasq"
versions = ["2.90"]
[known.TOPT-11]
seen = ["OACK tsize=1073741824"]
why = "32-bit size"
since = "2026.11"
)";

TargetResult with(std::string id, Verdict verdict, std::string seen) {
  TargetResult result{.target = "dnsmasq", .version = "2.90"};
  result.cases.push_back({.id = std::move(id), .verdict = verdict, .seen = std::move(seen)});
  return result;
}

Verdict after(TargetResult result) {
  const auto baseline = read_baseline(kText, "test.toml");
  apply_baseline(*baseline, result);
  return result.cases.front().verdict;
}

TEST(Baseline, ExpectsAKnownFailureWithTheSameObservation) {
  EXPECT_EQ(after(with("TOPT-11", Verdict::Fail, "OACK tsize=1073741824")), Verdict::ExpectedFail);
}

TEST(Baseline, TakesADifferentWrongAnswerForANewFailure) {
  EXPECT_EQ(after(with("TOPT-11", Verdict::Fail, "OACK tsize=0")), Verdict::Fail);
}

TEST(Baseline, NoticesThatAKnownFailurePasses) {
  EXPECT_EQ(after(with("TOPT-11", Verdict::Pass, "")), Verdict::UnexpectedPass);
}

TEST(Baseline, LeavesOthersAlone) {
  EXPECT_EQ(after(with("TOPT-10", Verdict::Fail, "x")), Verdict::Fail);
  EXPECT_EQ(after(with("TOPT-11", Verdict::Skip, "x")), Verdict::Skip);
}

TEST(Baseline, IsForItsVersionOnly) {
  const auto baseline = read_baseline(kText, "test.toml");
  EXPECT_TRUE(baseline->is_for("dnsmasq", "2.90"));
  EXPECT_FALSE(baseline->is_for("dnsmasq", "2.91"));
  EXPECT_FALSE(baseline->is_for("atftpd", "2.90"));
}

TEST(Baseline, WritesWhatItReads) {
  const auto earlier = read_baseline(kText, "test.toml");
  TargetResult result = with("TOPT-11", Verdict::Fail, "OACK tsize=\"1\"");
  const std::string text = write_baseline(result, &*earlier);
  const auto again = read_baseline(text, "again.toml");
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->known.at("TOPT-11").seen.front(), "OACK tsize=\"1\"");
  EXPECT_EQ(again->known.at("TOPT-11").why, "32-bit size");
}

TEST(Baseline, RefusesWhatItDoesNotUnderstand) {
  EXPECT_FALSE(read_baseline("target = 1", "bad.toml"));
  EXPECT_FALSE(
      read_baseline("target = \"a\"\nversions = [\"1\"]\n[known.NONE-01]\nseen = []\n"
                    "why = \"\"\n",
                    "bad.toml"));
}

TEST(Baseline, ShipsOnesThatAreSound) {
  for (const BuiltinText& each : builtin_baselines()) {
    const auto baseline = read_baseline(each.text, std::string(each.name));
    ASSERT_TRUE(baseline) << baseline.error();
    for (const auto& [id, known] : baseline->known) {
      EXPECT_FALSE(known.seen.empty()) << each.name << " " << id;
      EXPECT_NE(known.why, "not yet looked into") << each.name << " " << id;
    }
  }
}

}  // namespace

}  // namespace pxeproof::conformance
