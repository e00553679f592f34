#include "trace/folded_text.h"

#include <gtest/gtest.h>

namespace pxeproof::trace {
namespace {

TEST(FoldedText, GoesOnBelowWhenARowIsFull) {
  EXPECT_EQ(folded("note", "one two three", {.margin = 6, .columns = 13}),
            "note  one two\n      three\n");
}

TEST(FoldedText, KeepsAWordThatNoRowHasRoomFor) {
  EXPECT_EQ(folded("do", "run /a/long/name now", {.margin = 3, .columns = 10}),
            "do run\n   /a/long/name\n   now\n");
}

TEST(FoldedText, BreaksAWordThatNoRowHasRoomForWhenAsked) {
  EXPECT_EQ(folded("is", "a 123456789012345 b",
                   {.margin = 3, .columns = 10, .long_words = FoldedTextOptions::LongWords::Break}),
            "is a\n   1234567\n   8901234\n   5 b\n");
}

// A character of several octets takes one column, and is never torn.
TEST(FoldedText, CountsCharactersNotOctets) {
  EXPECT_EQ(width_of("a…b"), 3U);
  EXPECT_EQ(folded("", "……………",
                   {.margin = 1, .columns = 4, .long_words = FoldedTextOptions::LongWords::Break}),
            " ………\n ……\n");
}

}  // namespace
}  // namespace pxeproof::trace
