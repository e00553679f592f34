#include "server/netascii.h"

#include <gtest/gtest.h>

#include "protocol/random.h"
#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using testing::MemoryFile;
using testing::text_bytes;

std::string block(NetasciiBlocks& blocks, FileContent& file, std::uint64_t number) {
  Bytes out;
  EXPECT_TRUE(blocks.append(file, number, out));
  return as_text(out);
}

TEST(NetasciiBlocks, WritesLineEndsAsTwoOctets) {  // TFTP-05, T12
  MemoryFile file(text_bytes("a\nb\r\nc\rd\n"));
  NetasciiBlocks blocks(512, 1);
  EXPECT_EQ(block(blocks, file, 1), std::string("a\r\nb\r\0\r\nc\r\0d\r\n", 14));
}

TEST(NetasciiBlocks, SplitsAPairBetweenBlocks) {
  MemoryFile file(text_bytes("1234567\n8"));
  NetasciiBlocks blocks(8, 1);
  EXPECT_EQ(block(blocks, file, 1), "1234567\r");
  EXPECT_EQ(block(blocks, file, 2), "\n8");
}

TEST(NetasciiBlocks, EndsWithAnEmptyBlockAfterAFullOne) {
  MemoryFile file(text_bytes("123456\n"));
  NetasciiBlocks blocks(8, 1);
  EXPECT_EQ(block(blocks, file, 1), "123456\r\n");
  EXPECT_EQ(block(blocks, file, 2), "");
}

TEST(NetasciiBlocks, RepeatsAnyBlockOfTheWindow) {
  Random random(5);
  std::string text;
  std::string converted;
  for (int i = 0; i < 500; ++i) {
    const char letter = "ab\n\r"[random.below(4)];
    text.push_back(letter);
    converted += letter == '\n'   ? "\r\n"
                 : letter == '\r' ? std::string("\r\0", 2)
                                  : std::string(1, letter);
  }
  MemoryFile file(text_bytes(text));
  NetasciiBlocks blocks(9, 4);
  for (std::uint64_t number = 1; number <= converted.size() / 9 + 1; ++number) {
    const std::uint64_t back = number - random.below(std::min<std::uint64_t>(number, 4));
    for (std::uint64_t again = back; again <= number; ++again) {
      EXPECT_EQ(block(blocks, file, again), converted.substr((again - 1) * 9, 9)) << again;
    }
  }
}

TEST(NetasciiBlocks, FailsWhenTheFileShrinks) {
  MemoryFile file(text_bytes("12345678901234567890"));
  NetasciiBlocks blocks(8, 1);
  Bytes out;
  ASSERT_TRUE(blocks.append(file, 1, out));
  file.truncate(10);
  EXPECT_EQ(blocks.append(file, 2, out).error(), FileFault::Changed);
}

}  // namespace
}  // namespace pxeproof::server
