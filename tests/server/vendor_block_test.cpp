#include "server/vendor_block.h"

#include <gtest/gtest.h>

#include <string>

namespace pxeproof::server {
namespace {

MenuItem remote(std::uint16_t type, std::string_view text) {
  return {.type = type, .text = text, .servers = {Ipv4Address::of(10, 0, 0, 1)}, .server_count = 1};
}

// Whatever the menu and the room, the block is whole: it decodes, ends, and names each tag once.
TEST(VendorBlock, IsWholeInAnyRoom) {
  const std::string text(30, 't');
  std::vector<MenuItem> items;
  for (std::uint16_t at = 0; at < 12; ++at) {
    items.push_back(remote(static_cast<std::uint16_t>(0x8000 + at), text));
    for (std::size_t room = 0; room <= 300; ++room) {
      VendorBlock block(room);
      const MenuBlock written = write_menu(items, {}, std::nullopt, AnswerFile::None, block);
      EXPECT_EQ(written.entries + written.left_out, items.size());
      EXPECT_LE(block.octets().size(), std::min<std::size_t>(room, 255));
      if (written.entries == 0) {
        EXPECT_TRUE(block.octets().empty());
        continue;
      }
      const auto decoded = pxe::decode(block.octets());
      ASSERT_TRUE(decoded.has_value());
      EXPECT_TRUE(decoded->end);
      EXPECT_TRUE(decoded->after_end.empty());
      const auto menu = pxe::decode_menu(decoded->find(pxe::VendorTag::BootMenu)->value);
      ASSERT_TRUE(menu.has_value());
      EXPECT_EQ(menu->size(), written.entries);
    }
  }
}

TEST(VendorBlock, KeepsShortEntriesBehindOneThatIsTooLong) {
  const std::string text(240, 't');
  VendorBlock block(255);
  const std::vector<MenuItem> items{remote(0x8000, text), remote(0x8001, "short")};
  const MenuBlock written = write_menu(items, {}, std::nullopt, AnswerFile::None, block);
  EXPECT_EQ(written.entries, 1U);
  EXPECT_EQ(written.left_out, 1U);
}

TEST(VendorBlock, MakesRoomForTheUsersSubOptions) {
  VendorSubOption user;
  user.tag = 100;
  user.value = Bytes(180, 'u');
  const std::string text(30, 't');
  const std::vector<MenuItem> items{remote(0x8000, text), remote(0x8001, text)};
  VendorBlock block(255);
  const MenuBlock written = write_menu(items, {&user}, std::nullopt, AnswerFile::None, block);
  EXPECT_EQ(written.entries, 1U);
  const auto decoded = pxe::decode(block.octets());
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->sub_options.back().tag, 100);
}

}  // namespace
}  // namespace pxeproof::server
