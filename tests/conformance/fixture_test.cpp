#include "conformance/fixture.h"

#include <gtest/gtest.h>

#include <vector>

namespace pxeproof::conformance {

namespace {

TEST(Fixture, IsTheSameFromWhereverItIsRead) {
  const FixtureEntry& entry = *find_fixture("k5000.bin");
  std::vector<std::uint8_t> whole(5000);
  fill_fixture(entry, 0, whole);
  for (const std::size_t from : {std::size_t{1}, std::size_t{7}, std::size_t{4093}}) {
    std::vector<std::uint8_t> part(700 < 5000 - from ? 700 : 5000 - from);
    fill_fixture(entry, from, part);
    EXPECT_TRUE(
        std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(from)))
        << from;
    EXPECT_TRUE(is_fixture(entry, from, part));
  }
  EXPECT_FALSE(is_fixture(entry, 1, ByteView(whole).first(100)));
  EXPECT_FALSE(is_fixture(entry, 4999, ByteView(whole).first(2))) << "beyond its end";
}

TEST(Fixture, HasOctetsOfItsOwnInEachFile) {
  std::vector<std::uint8_t> a(64);
  std::vector<std::uint8_t> b(64);
  fill_fixture(*find_fixture("a.bin"), 0, a);
  fill_fixture(*find_fixture("b.bin"), 0, b);
  EXPECT_NE(a, b);
}

TEST(Fixture, HasHolesBetweenItsEnds) {
  const FixtureEntry& entry = *find_fixture("sparse5g.bin");
  std::vector<std::uint8_t> edge(16);
  fill_fixture(entry, kMebibyte - 8, edge);
  EXPECT_NE(std::vector<std::uint8_t>(edge.begin(), edge.begin() + 8), Bytes(8, 0));
  EXPECT_EQ(std::vector<std::uint8_t>(edge.begin() + 8, edge.end()), Bytes(8, 0));
}

TEST(Fixture, KnowsFilesOfTheRootOnly) {
  EXPECT_NE(find_fixture("/small.bin"), nullptr);
  EXPECT_EQ(find_fixture("secret.txt"), nullptr);
}

}  // namespace

}  // namespace pxeproof::conformance
