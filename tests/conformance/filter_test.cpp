#include "conformance/filter.h"

#include <gtest/gtest.h>

#include "conformance/catalogue.h"

namespace pxeproof::conformance {

namespace {

std::size_t chosen(const std::vector<std::string>& words) {
  const auto filter = Filter::parse(words);
  return filter ? choose(*filter).size() : 0;
}

TEST(Filter, WithoutWordsTakesAll) { EXPECT_EQ(chosen({}), catalogue().size()); }

TEST(Filter, KnowsGroupsIdsAndSlugs) {
  EXPECT_EQ(chosen({"TOPT"}), 16U);
  EXPECT_EQ(chosen({"TOPT-11"}), 1U);
  EXPECT_EQ(chosen({"tsize-over-4gib"}), 1U);
  EXPECT_EQ(chosen({"topt-11", "TOPT-10"}), 2U);
}

TEST(Filter, KnowsClausesLevelsAndClients) {
  EXPECT_GE(chosen({"rfc7440"}), 10U);
  EXPECT_GE(chosen({"rfc2347/negotiation"}), 3U);
  EXPECT_EQ(chosen({"level=info"}), 1U);
  EXPECT_EQ(chosen({"quirk=pxelinux"}), 1U);
}

TEST(Filter, LeavesOutWhatIsExcluded) {
  EXPECT_EQ(chosen({"TOPT", "!TOPT-11"}), 15U);
  EXPECT_EQ(chosen({"!TSEC"}), catalogue().size() - 8);
}

TEST(Filter, SaysWhichWordMeansNothing) {
  const auto filter = Filter::parse({"TOPT", "TOPTS"});
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error(), "TOPTS");
  EXPECT_FALSE(Filter::parse({"!"}));
}

}  // namespace

}  // namespace pxeproof::conformance
