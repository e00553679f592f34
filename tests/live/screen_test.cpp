#include "live/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "live/qemu.h"

namespace pxeproof::live {
namespace {

using ::testing::ElementsAre;

Bytes text_page(std::string_view first_row, std::uint8_t colours) {
  Bytes cells;
  for (std::size_t i = 0; i < TextScreen::kRows * TextScreen::kColumns; ++i) {
    cells.push_back(i < first_row.size() ? static_cast<std::uint8_t>(first_row[i]) : 0x20);
    cells.push_back(colours);
  }
  return cells;
}

Bytes picture(std::string_view header, std::initializer_list<std::pair<int, Bytes>> colours) {
  Bytes octets(header.begin(), header.end());
  for (const auto& [count, colour] : colours) {
    for (int i = 0; i < count; ++i) {
      octets.insert(octets.end(), colour.begin(), colour.end());
    }
  }
  return octets;
}

TEST(TextScreen, ReadsRowsWithoutTheirColours) {
  const TextScreen screen(text_page("  hello\xb3 world", 0x07));
  EXPECT_THAT(screen.rows(), ElementsAre("  hello  world"));
}

TEST(TextScreen, KnowsMemtestByItsFirstRowAndItsColours) {
  EXPECT_TRUE(TextScreen(text_page("      Memtest86+ v6.10      | QEMU", 0x17)).shows_memtest());
  EXPECT_FALSE(TextScreen(text_page("      Memtest86+ v6.10      | QEMU", 0x07)).shows_memtest())
      << "a boot loader's menu";
  EXPECT_FALSE(
      TextScreen(text_page("Loading /memtest/memtest86+-5.01... ok", 0x17)).shows_memtest());
  EXPECT_FALSE(TextScreen(Bytes{}).shows_memtest());
}

TEST(Picture, KnowsMemtestByItsColours) {
  const Bytes blue{0, 0, 0xaa};
  const Bytes grey{0xaa, 0xaa, 0xaa};
  const Bytes red{0xaa, 0, 0};
  const Bytes black{0, 0, 0};
  const auto memtest = Picture::read(
      picture("P6\n100 10\n255\n", {{760, blue}, {168, black}, {70, grey}, {2, red}}));
  ASSERT_TRUE(memtest);
  EXPECT_TRUE(memtest->shows_memtest());
  const auto blank = Picture::read(picture("P6\n100 10\n255\n", {{1000, blue}}));
  EXPECT_FALSE(blank->shows_memtest());
  const auto console = Picture::read(picture("P6\n100 10\n255\n", {{930, black}, {70, grey}}));
  EXPECT_FALSE(console->shows_memtest());
}

TEST(Picture, RefusesWhatIsCutOrOfAnotherKind) {
  const Bytes whole = picture("P6\n2 2\n255\n", {{4, {1, 2, 3}}});
  ASSERT_TRUE(Picture::read(whole));
  EXPECT_EQ(Picture::read(whole)->pixels.size(), 12U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Picture::read(ByteView(whole).first(size))) << size;
  }
  EXPECT_FALSE(Picture::read(as_bytes("P3\n2 2\n255\n000000000000")));
  EXPECT_FALSE(Picture::read(as_bytes("P6\n99999999999999999999 0\n255\n")));
}

TEST(WithoutEscapes, LeavesTheText) {
  EXPECT_EQ(without_escapes("\x1b[2J\x1b[01;01H>>Start PXE over IPv4.\r"),
            ">>Start PXE over IPv4.");
}

}  // namespace
}  // namespace pxeproof::live
