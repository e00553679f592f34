#include "protocol/bytes.h"

#include <gtest/gtest.h>

namespace pxeproof {
namespace {

TEST(Bytes, HexReadsWhatItWrote) {
  const Bytes octets{0x00, 0x0a, 0x1f, 0xff};
  EXPECT_EQ(to_hex(octets), "000a1fff");
  EXPECT_EQ(from_hex("000a1fff"), octets);
  EXPECT_EQ(from_hex("00:0A:1f:FF"), octets);
  EXPECT_EQ(from_hex("00 0a 1f ff"), octets);
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Bytes, HexRefusesHalfOctetsAndForeignDigits) {
  for (const char* text : {"0", "00 0", "0:0", "0g", "-1", "0x00"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

TEST(Bytes, PrintableHidesControlCharacters) {
  EXPECT_EQ(printable(std::string_view("a\0\n~\x7f\xff", 6)), "a\\x00\\x0a~\\x7f\\xff");
}

TEST(ByteReader, ReadsBigEndianNumbers) {
  const Bytes octets{1, 2, 3, 4, 5, 6, 7};
  ByteReader reader(octets);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_TRUE(reader.at_end());
}

TEST(ByteReader, DoesNotMoveWhenTooLittleIsLeft) {
  const Bytes octets{1, 2, 3};
  ByteReader reader(octets);
  EXPECT_EQ(reader.u32(), std::nullopt);
  EXPECT_EQ(reader.take(4), std::nullopt);
  EXPECT_EQ(reader.take(static_cast<std::size_t>(-1)), std::nullopt);
  EXPECT_EQ(reader.c_string(), std::nullopt);
  EXPECT_EQ(reader.offset(), 0U);
  EXPECT_EQ(reader.u16(), 0x0102);
  EXPECT_EQ(reader.u16(), std::nullopt);
  EXPECT_EQ(reader.u8(), 3);
  EXPECT_EQ(reader.u8(), std::nullopt);
  EXPECT_EQ(reader.take(0)->size(), 0U);
}

TEST(ByteReader, ReadsTextsUpToTheirNul) {
  const Bytes octets{'a', 'b', 0, 0, 'c'};
  ByteReader reader(octets);
  EXPECT_EQ(reader.c_string(), "ab");
  EXPECT_EQ(reader.c_string(), "");
  EXPECT_EQ(reader.c_string(), std::nullopt);
  EXPECT_EQ(as_text(reader.rest()), "c");
  EXPECT_EQ(reader.c_string(), std::nullopt);
}

TEST(ByteWriter, WritesBigEndianNumbers) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.zeros(2);
  writer.text("x");
  writer.patch_u16(1, 0xbeef);
  EXPECT_EQ(to_hex(out),
            "01beef0405060700"
            "0078");
  EXPECT_EQ(writer.size(), 10U);
}

}  // namespace
}  // namespace pxeproof
