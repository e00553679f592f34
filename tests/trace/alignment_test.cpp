#include "trace/alignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocol/random.h"

namespace pxeproof::trace {
namespace {

constexpr std::nullopt_t kGap = std::nullopt;

std::vector<AlignedPair> align_letters(const std::string& good, const std::string& bad) {
  return align(good.size(), bad.size(),
               [&](std::size_t g, std::size_t b) { return good[g] == bad[b] ? 1U : 0U; });
}

TEST(Alignment, PairsEqualSequencesOneByOne) {
  EXPECT_THAT(align_letters("DORA", "DORA"),
              testing::ElementsAre(AlignedPair{0, 0}, AlignedPair{1, 1}, AlignedPair{2, 2},
                                   AlignedPair{3, 3}));
}

TEST(Alignment, LeavesGapsWhereASideHasNothing) {
  EXPECT_THAT(align_letters("DOPRA", "DORAX"),
              testing::ElementsAre(AlignedPair{0, 0}, AlignedPair{1, 1}, AlignedPair{2, kGap},
                                   AlignedPair{3, 2}, AlignedPair{4, 3}, AlignedPair{kGap, 4}));
  EXPECT_EQ(align_letters("", "DO").size(), 2U);
  EXPECT_TRUE(align_letters("", "").empty());
}

TEST(Alignment, PrefersTheBetterFit) {
  // Both could pair; the second fits better.
  const auto pairs = align(1, 2, [](std::size_t, std::size_t bad) { return bad == 1 ? 8U : 2U; });
  EXPECT_THAT(pairs, testing::ElementsAre(AlignedPair{kGap, 0}, AlignedPair{0, 1}));
}

// Whatever the sequences: each element stands once, in order, and only what fits is paired.
TEST(Alignment, KeepsEveryElementOnceAndInOrder) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::string good(random.below(12), 'x');
    std::string bad(random.below(12), 'x');
    for (char& letter : good) letter = static_cast<char>('a' + random.below(4));
    for (char& letter : bad) letter = static_cast<char>('a' + random.below(4));
    std::size_t next_good = 0;
    std::size_t next_bad = 0;
    for (const AlignedPair& pair : align_letters(good, bad)) {
      if (pair.good) {
        EXPECT_EQ(*pair.good, next_good++);
      }
      if (pair.bad) {
        EXPECT_EQ(*pair.bad, next_bad++);
      }
      if (pair.good && pair.bad) {
        EXPECT_EQ(good[*pair.good], bad[*pair.bad]);
      }
    }
    EXPECT_EQ(next_good, good.size());
    EXPECT_EQ(next_bad, bad.size());
  }
}

}  // namespace
}  // namespace pxeproof::trace
