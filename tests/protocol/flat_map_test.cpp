#include "protocol/flat_map.h"

#include <gtest/gtest.h>

#include <map>

#include "protocol/random.h"

namespace pxeproof {
namespace {

TEST(FlatMap, KnowsNothingAtFirst) {
  FlatMap<int> map;
  EXPECT_EQ(map.find(0), nullptr);
  EXPECT_FALSE(map.erase(0));
  EXPECT_EQ(map.size(), 0U);
}

TEST(FlatMap, KeepsTheFirstValueOfAKey) {
  FlatMap<int> map;
  EXPECT_TRUE(map.insert(7, 1));
  EXPECT_FALSE(map.insert(7, 2));
  ASSERT_NE(map.find(7), nullptr);
  EXPECT_EQ(*map.find(7), 1);
  *map.find(7) = 3;
  EXPECT_EQ(*map.find(7), 3);
}

// Few keys in a small table meet each other all the time, across its end too.
TEST(FlatMap, HoldsWhatAnOrdinaryMapHolds) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    FlatMap<std::uint64_t> map(random.next());
    std::map<std::uint64_t, std::uint64_t> expected;
    const std::uint64_t keys = 4 + seed * seed;
    for (int step = 0; step < 4000; ++step) {
      const std::uint64_t key = random.next() % keys;
      if (random.next() % 2 == 0) {
        const std::uint64_t value = random.next();
        EXPECT_EQ(map.insert(key, value), expected.emplace(key, value).second);
      } else {
        EXPECT_EQ(map.erase(key), expected.erase(key) > 0);
      }
      ASSERT_EQ(map.size(), expected.size());
    }
    for (std::uint64_t key = 0; key < keys; ++key) {
      const auto known = expected.find(key);
      ASSERT_EQ(map.find(key) != nullptr, known != expected.end()) << "seed " << seed;
      if (known != expected.end()) {
        EXPECT_EQ(*map.find(key), known->second);
      }
    }
  }
}

TEST(FlatMap, GrowsWithItsEntries) {
  FlatMap<std::uint32_t> map(3);
  for (std::uint32_t key = 0; key < 100'000; ++key) map.insert(std::uint64_t{key} << 16U, key);
  EXPECT_EQ(map.size(), 100'000U);
  for (std::uint32_t key = 0; key < 100'000; ++key) {
    ASSERT_EQ(*map.find(std::uint64_t{key} << 16U), key);
  }
}

}  // namespace
}  // namespace pxeproof
