#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "cli/conform_fixture.h"
#include "cli/conform_run.h"
#include "cli/conform_virtual.h"
#include "cli/mutant.h"
#include "conformance/catalogue.h"
#include "conformance/plan.h"
#include "conformance/target_file.h"
#include "live/temporary_directory.h"

namespace pxeproof::cli {

namespace {

using conformance::Case;
using conformance::CaseResult;
using conformance::Verdict;

// A fixture of its own, and the cases run on it.
class Suite {
 public:
  Suite()
      : directory_(live::TemporaryDirectory::create("pxeproof-suite-").value()),
        foreign_(make_conformance_fixture(directory_.path()).value()) {}

  std::map<std::string, CaseResult> run(const std::vector<const Case*>& cases,
                                        const Mutant* mutant) const {
    std::map<std::string, CaseResult> results;
    for (const conformance::Instance& instance : conformance::plan_instances(cases)) {
      const auto ran =
          run_virtual_instance(instance,
                               {.seed = 1,
                                .fixture = directory_.path(),
                                .has_foreign_files = foreign_ == ForeignFiles::Made,
                                .mutant = mutant},
                               [&results](const Case& subject, CaseResult result, const auto&) {
                                 results[std::string(subject.id)] = std::move(result);
                               });
      EXPECT_TRUE(ran) << (ran ? "" : ran.error().message);
    }
    return results;
  }

 private:
  live::TemporaryDirectory directory_;
  ForeignFiles foreign_;
};

// Five gibibytes take their time in a build with sanitizers; ./dev mutants has the rest.
bool is_quick(const Case& subject) { return subject.id != "TBIG-04"; }

std::string words(const CaseResult& result) {
  return result.id + " " + std::string(to_string(result.verdict)) + ": sent " + result.sent +
         ", seen " + result.seen;
}

}  // namespace

TEST(Suite, OurServerPassesEveryCase) {
  std::vector<const Case*> cases;
  for (const Case& each : conformance::catalogue()) {
    if (is_quick(each)) cases.push_back(&each);
  }
  const auto results = Suite().run(cases, nullptr);
  EXPECT_EQ(results.size(), cases.size());
  for (const auto& [id, result] : results) {
    const bool passed = result.verdict == Verdict::Pass || result.verdict == Verdict::Loose;
    const bool needs_root =
        result.verdict == Verdict::Skip && result.seen == "not offered: superuser";
    EXPECT_TRUE(passed || needs_root) << words(result);
  }
}

TEST(Suite, RepeatsFromItsSeed) {
  std::vector<const Case*> cases;
  for (const Case& each : conformance::catalogue()) {
    if (each.group() == "TLOSS" || each.group() == "OFFER") cases.push_back(&each);
  }
  const Suite suite;
  const auto first = suite.run(cases, nullptr);
  const auto second = suite.run(cases, nullptr);
  for (const auto& [id, result] : first) {
    EXPECT_EQ(words(result), words(second.at(id)));
    EXPECT_EQ(result.seconds, second.at(id).seconds) << id;
  }
}

TEST(Suite, EveryMutantIsKilledByEachOfItsCases) {
  for (const Mutant& mutant : mutants()) {
    if (mutant.ends_process) continue;  // below
    std::vector<const Case*> cases;
    for (const std::string_view id : mutant.killed_by) {
      const Case* subject = conformance::find_case(id);
      ASSERT_NE(subject, nullptr) << mutant.name << " names no case: " << id;
      // The mutant of TBIG-04 ends its transfer at once.
      cases.push_back(subject);
    }
    ASSERT_FALSE(cases.empty()) << mutant.name;
    const auto results = Suite().run(cases, &mutant);
    for (const Case* each : cases) {
      const CaseResult& result = results.at(std::string(each->id));
      if (result.verdict == Verdict::Skip && result.seen == "not offered: superuser") {
        std::cout << "not tried without superuser: mutant " << mutant.name << " by " << each->id
                  << "\n";
        continue;
      }
      EXPECT_EQ(result.verdict, Verdict::Fail)
          << "mutant " << mutant.name << " survives " << words(result);
    }
  }
}

// A server that dies beside many cases is told by the one that killed it, and by no other.
TEST(Suite, NamesTheCaseThatKillsTheServersProcess) {
  const Mutant* mutant = find_mutant("dies-of-strange-mode");
  ASSERT_NE(mutant, nullptr);
  std::vector<const Case*> cases;
  for (const Case& each : conformance::catalogue()) {
    if (each.group() == "TFTP") cases.push_back(&each);
  }
  ConformRunOptions options;
  options.mutant = mutant;
  const auto ran = run_target(*conformance::builtin_target("builtin"), cases, options);
  ASSERT_TRUE(ran) << ran.error().message;
  ASSERT_EQ(ran->cases.size(), cases.size());
  for (const CaseResult& result : ran->cases) {
    EXPECT_EQ(result.verdict == Verdict::Fail, result.id == "TFTP-06") << words(result);
  }
}

TEST(Suite, EveryCaseKillsAMutant) {
  std::set<std::string_view> killers;
  for (const Mutant& mutant : mutants()) {
    killers.insert(mutant.killed_by.begin(), mutant.killed_by.end());
  }
  for (const Case& each : conformance::catalogue()) {
    if (each.level == conformance::Level::Info) continue;
    EXPECT_TRUE(killers.contains(each.id))
        << each.id << " kills no mutant: it may be unable to fail";
  }
}

TEST(Suite, MutantsHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Mutant& mutant : mutants()) {
    EXPECT_TRUE(names.insert(mutant.name).second) << mutant.name;
    EXPECT_FALSE(mutant.what.empty()) << mutant.name;
  }
}

}  // namespace pxeproof::cli
