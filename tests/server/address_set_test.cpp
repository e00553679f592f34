#include "server/address_set.h"

#include <gtest/gtest.h>

#include <set>

#include "protocol/random.h"

namespace pxeproof::server {
namespace {

TEST(AddressSet, JumpsOverRuns) {
  AddressSet set;
  for (std::uint32_t value : {10U, 12U, 11U, 20U}) set.insert({value});
  EXPECT_EQ(set.next_missing({10}, {30}), Ipv4Address{13});
  EXPECT_EQ(set.next_missing({13}, {30}), Ipv4Address{13});
  EXPECT_EQ(set.next_missing({10}, {12}), std::nullopt);
  EXPECT_EQ(set.next_missing({12}, {11}), std::nullopt);
  set.erase({11});
  EXPECT_EQ(set.next_missing({10}, {30}), Ipv4Address{11});
}

TEST(AddressSet, HasBothEndsOfTheAddressSpace) {
  AddressSet set;
  set.insert({0xffffffff});
  set.insert({0xfffffffe});
  set.insert({0});
  EXPECT_EQ(set.next_missing({0xfffffffe}, {0xffffffff}), std::nullopt);
  EXPECT_EQ(set.next_missing({0}, {5}), Ipv4Address{1});
}

TEST(AddressSet, IsASet) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    AddressSet set;
    std::set<std::uint32_t> expected;
    for (int step = 0; step < 500; ++step) {
      const auto value = static_cast<std::uint32_t>(random.below(64));
      if (random.chance(0.6)) {
        set.insert({value});
        expected.insert(value);
      } else {
        set.erase({value});
        expected.erase(value);
      }
      for (std::uint32_t at = 0; at < 64; ++at) {
        ASSERT_EQ(set.contains({at}), expected.contains(at));
      }
      std::uint32_t missing = 0;
      while (expected.contains(missing)) ++missing;
      ASSERT_EQ(set.next_missing({0}, {1000}), Ipv4Address{missing});
    }
  }
}

}  // namespace
}  // namespace pxeproof::server
