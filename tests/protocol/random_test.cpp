#include "protocol/random.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace pxeproof {
namespace {

// SplitMix64's published first outputs: a seed in a bug report means the same for ever.
TEST(Random, IsSplitMix64) {
  Random random(1234567);
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
}

TEST(Random, StaysWithinItsBounds) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[random.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(random.below(0), 0U);
  EXPECT_EQ(random.below(1), 0U);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = random.between(5, 6);
    EXPECT_TRUE(number == 5 || number == 6);
  }
  EXPECT_EQ(random.between(9, 9), 9U);
  random.between(0, ~std::uint64_t{0});
}

TEST(Random, ChanceIsCertainAtItsEnds) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
  }
}

TEST(Random, ForksDoNotDisturbTheirParent) {
  Random parent(7);
  Random twin(7);
  Random child = parent.fork(1);
  for (int i = 0; i < 10; ++i) child.next();
  EXPECT_EQ(parent.next(), twin.next());
}

TEST(Random, ForksRepeatAndDiffer) {
  const Random parent(7);
  EXPECT_EQ(parent.fork(1).next(), parent.fork(1).next());
  EXPECT_NE(parent.fork(1).next(), parent.fork(2).next());
  EXPECT_NE(parent.fork(0).next(), Random(7).next());
}

TEST(Random, FillsOddLengths) {
  std::vector<std::uint8_t> left(13);
  std::vector<std::uint8_t> right(13);
  Random(3).fill(left);
  Random(3).fill(right);
  EXPECT_EQ(left, right);
  EXPECT_NE(left, std::vector<std::uint8_t>(13));
}

}  // namespace
}  // namespace pxeproof
