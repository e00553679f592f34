#include "conformance/catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "conformance/variant.h"

namespace pxeproof::conformance {

namespace {

// Ids and slugs are final; a retired id is never used again.
TEST(Catalogue, HasTheHundredAndFortySixCases) {
  EXPECT_EQ(catalogue().size(), 146U);
  std::map<std::string_view, std::size_t> sizes;
  for (const Case& each : catalogue()) ++sizes[each.group()];
  const std::map<std::string_view, std::size_t> expected{
      {"OFFER", 19}, {"BOOT", 19}, {"ECHO", 5},  {"CTRL", 9},  {"QUIET", 8},
      {"RELAY", 5},  {"MAL", 8},   {"TFTP", 11}, {"TOPT", 16}, {"TWIN", 10},
      {"TLOSS", 9},  {"TERR", 10}, {"TSEC", 8},  {"TBIG", 4},  {"CONC", 5}};
  EXPECT_EQ(sizes, expected);
}

TEST(Catalogue, HasLevelsAsTheSpecificationsSay) {
  std::map<Level, std::size_t> levels;
  for (const Case& each : catalogue()) ++levels[each.level];
  EXPECT_EQ(levels[Level::Info], 1U);
  EXPECT_EQ(levels[Level::May], 4U);
  EXPECT_EQ(levels[Level::Quirk], 14U);
  EXPECT_EQ(levels[Level::Should], 20U);
  EXPECT_EQ(levels[Level::Safe], 28U);
  EXPECT_EQ(levels[Level::Must], 79U);
}

TEST(Catalogue, TellsEverythingOfEachCase) {
  std::set<std::string_view> ids;
  std::set<std::string_view> slugs;
  for (const Case& each : catalogue()) {
    EXPECT_TRUE(ids.insert(each.id).second) << each.id;
    EXPECT_TRUE(slugs.insert(each.slug).second) << each.slug;
    EXPECT_FALSE(each.clause.empty()) << each.id;
    EXPECT_FALSE(each.requirement.empty()) << each.id;
    EXPECT_FALSE(each.stimulus.empty()) << each.id;
    EXPECT_FALSE(each.problems.empty()) << each.id;
    EXPECT_FALSE(each.answers.empty()) << each.id;
    EXPECT_EQ(each.level == Level::Quirk, !each.quirk_of.empty()) << each.id;
    EXPECT_NE(each.script, nullptr) << each.id;
    EXPECT_NE(find_variant(each.variant), nullptr) << each.id;
    EXPECT_GE(each.hosts, 2U) << each.id;
    EXPECT_EQ(find_case(each.id), &each);
    EXPECT_EQ(find_case(each.slug), &each);
  }
}

}  // namespace

}  // namespace pxeproof::conformance
