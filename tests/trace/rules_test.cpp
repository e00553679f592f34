// Each rule on a capture that shows it, on the captures of the other rules, and on healthy boots.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/fault_captures.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using testing::boots_of;
using testing::FaultCapture;

struct Explained {
  std::vector<Boot> boots;
  std::vector<Explanation> explanations;
};

Explained explain(const FaultCapture& capture) {
  Explained explained;
  explained.boots = boots_of(capture.script, capture.silence);
  CaptureContext context;
  context.first = capture.script.frames.front().at;
  context.last = capture.script.now() + capture.silence;
  for (const Boot& boot : explained.boots) context.boots.push_back(&boot);
  for (const Boot& boot : explained.boots) {
    explained.explanations.push_back(explain_boot(boot, boot.firmware.family, context));
  }
  return explained;
}

std::string summary(const Explained& explained) {
  std::string text;
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const Boot& boot = explained.boots[at];
    text += "boot " + std::to_string(boot.number) + " " +
            std::string(to_string(boot.verdict.kind)) + ": " + boot.verdict.text + "\n";
    for (const Finding& finding : explained.explanations[at].faults) {
      text += "  fault " + std::string(finding.rule->id) + " " + finding.cause + "\n";
    }
    for (const Finding& finding : explained.explanations[at].slow) {
      text += "  slow " + std::string(finding.rule->id) + " " + finding.cause + "\n";
    }
    text += explained.explanations[at].undecided;
  }
  return text;
}

class Rules : public ::testing::TestWithParam<FaultCapture> {};

TEST_P(Rules, NamesTheFaultAndNoOther) {
  const FaultCapture& capture = GetParam();
  const Explained explained = explain(capture);
  const Rule* wanted = find_rule(capture.rule);
  ASSERT_NE(wanted, nullptr);
  bool named = false;
  std::set<std::string_view> others;
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const Explanation& explanation = explained.explanations[at];
    for (const auto* list : {&explanation.faults, &explanation.slow}) {
      for (const Finding& finding : *list) {
        if (finding.rule != wanted) others.insert(finding.rule->id);
        if (finding.rule != wanted) continue;
        // The rule is the first named of its boot.
        named = named || &finding == &list->front();
        EXPECT_FALSE(finding.packets.empty());
        EXPECT_FALSE(finding.fixes.empty());
        for (const std::uint32_t packet : finding.packets) {
          EXPECT_GE(packet, 1U);
          EXPECT_LE(packet, capture.script.frames.size());
        }
      }
    }
  }
  EXPECT_TRUE(named) << summary(explained);
  for (const std::string_view also : capture.also) others.erase(also);
  EXPECT_THAT(others, ::testing::IsEmpty()) << summary(explained);
}
INSTANTIATE_TEST_SUITE_P(Capture, Rules, ::testing::ValuesIn(testing::fault_captures()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

class HealthyBoots : public ::testing::TestWithParam<FaultCapture> {};

TEST_P(HealthyBoots, AreCalledSo) {
  const Explained explained = explain(GetParam());
  ASSERT_FALSE(explained.boots.empty());
  for (std::size_t at = 0; at < explained.boots.size(); ++at) {
    const bool well = explained.boots[at].verdict.kind == BootVerdict::Kind::Booted ||
                      explained.boots[at].verdict.state == RomState::LocalBoot;
    EXPECT_TRUE(well) << summary(explained);
    EXPECT_FALSE(explained.explanations[at].is_fault(explained.boots[at])) << summary(explained);
    EXPECT_TRUE(explained.explanations[at].slow.empty()) << summary(explained);
  }
}
INSTANTIATE_TEST_SUITE_P(Capture, HealthyBoots, ::testing::ValuesIn(testing::healthy_captures()),
                         [](const auto& tested) {
                           std::string name = tested.param.name;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(RuleTable, HasACaptureForEveryRuleThatFindsAFault) {
  std::set<std::string_view> shown;
  for (const FaultCapture& capture : testing::fault_captures()) {
    shown.insert(capture.rule);
    shown.insert(capture.also.begin(), capture.also.end());
  }
  for (const Rule& rule : rules()) {
    if (rule.kind == RuleKind::Benign) continue;
    EXPECT_TRUE(shown.contains(rule.id)) << rule.id;
  }
}

TEST(RuleTable, HasEachIdAndNameOnceAndInOrder) {
  std::set<std::string_view> seen;
  std::string_view before = "R00";
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(seen.insert(rule.id).second) << rule.id;
    EXPECT_TRUE(seen.insert(rule.name).second) << rule.name;
    EXPECT_LT(before, rule.id);
    before = rule.id;
  }
}

TEST(RuleTable, CoversAllFieldFailures) {
  std::set<std::string_view> fields;
  for (const Rule& rule : rules()) fields.insert(rule.field);
  for (int failure = 1; failure <= 25; ++failure) {
    EXPECT_TRUE(fields.contains(std::to_string(failure))) << failure;
  }
}

TEST(BenignRules, KnowWhatLooksLikeAFault) {
  std::set<std::string_view> seen;
  for (const FaultCapture& capture : testing::healthy_captures()) {
    for (const Explanation& explanation : explain(capture).explanations) {
      for (const Finding& finding : explanation.benign) seen.insert(finding.rule->id);
    }
  }
  for (const std::string_view id : {"R12", "R43", "R66", "R68", "R69", "R71", "R72"}) {
    EXPECT_TRUE(seen.contains(id)) << id;
  }
}

}  // namespace
}  // namespace pxeproof::trace
