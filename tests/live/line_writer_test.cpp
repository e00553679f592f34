#include "live/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <string>

#include "live/file_descriptor.h"
#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

class LineWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    reading_ = FileDescriptor(ends[0]);
    writing_ = FileDescriptor(ends[1]);
    ASSERT_EQ(fcntl(reading_.number(), F_SETFL, O_NONBLOCK), 0);
  }

  // Everything that the pipe holds, and what the writer then puts into it.
  std::string read_all(LineWriter& writer) {
    std::string text;
    std::array<char, 65536> piece{};
    for (ssize_t octets = 0; (octets = read(reading_.number(), piece.data(), piece.size())) > 0;) {
      text.append(piece.data(), static_cast<std::size_t>(octets));
      writer.on_wake(now());
    }
    return text;
  }

  FileDescriptor reading_;
  FileDescriptor writing_;
};

TEST_F(LineWriterTest, WritesAtOnce) {
  LineWriter writer(writing_.number());
  writer.write("one");
  writer.write("two\nthree");
  EXPECT_EQ(writer.deadline(), std::nullopt);
  EXPECT_EQ(read_all(writer), "one\ntwo\nthree\n");
}

TEST_F(LineWriterTest, KeepsWhatAFullPipeDoesNotTake) {
  LineWriter writer(writing_.number());
  const std::string line(999, 'x');
  for (int i = 0; i < 500; ++i) writer.write(line);  // a pipe holds 64 KiB
  EXPECT_NE(writer.deadline(), std::nullopt);
  EXPECT_EQ(read_all(writer).size(), 500U * 1000U);
  EXPECT_EQ(writer.left_out(), 0U);
  EXPECT_EQ(writer.deadline(), std::nullopt);
}

TEST_F(LineWriterTest, LeavesOutAndSaysSoBeyondItsLimit) {
  LineWriter writer(writing_.number());
  const std::string line(999, 'x');
  for (int i = 0; i < 2000; ++i) writer.write(line);
  EXPECT_GT(writer.left_out(), 800U);
  EXPECT_LT(writer.left_out(), 1000U);
  EXPECT_EQ(read_all(writer).size(), (2000U - writer.left_out()) * 1000U);
  writer.write("after");
  const std::string rest = read_all(writer);
  EXPECT_THAT(rest,
              HasSubstr(std::to_string(writer.left_out()) + " lines of the log were left out"));
  EXPECT_THAT(rest, EndsWith("\nafter\n"));
}

TEST_F(LineWriterTest, GivesUpAReaderWhoIsGone) {
  const int closed = writing_.number();
  writing_ = FileDescriptor();
  LineWriter writer(closed);
  writer.write("nobody hears this");
  EXPECT_EQ(writer.deadline(), std::nullopt);
}

}  // namespace
}  // namespace pxeproof::live
