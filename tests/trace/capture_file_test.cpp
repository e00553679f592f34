#include "trace/capture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/scratch.h"
#include "trace/capture_reader.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string scratch_file(const std::string& name) { return pxeproof::testing::scratch(name); }

TEST(CaptureFile, GivesBackFramesAndNanosecondTimes) {
  const std::string path = scratch_file("round_trip.pcap");
  const Bytes first(60, 0xaa);
  const Bytes second{1, 2, 3};
  {
    auto writer = PcapWriter::create(path);
    ASSERT_TRUE(writer) << writer.error().message;
    writer->write(1'000'000'000'123ns, first);
    writer->write(1'000'000'001'456ns, second);
  }
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto one = reader->next();
  ASSERT_TRUE(one);
  EXPECT_TRUE(equal(one->raw, first));
  EXPECT_EQ(one->at, Instant(1'000'000'000'123ns));
  const auto two = reader->next();
  ASSERT_TRUE(two);
  EXPECT_TRUE(equal(two->raw, second));
  EXPECT_EQ(two->at, Instant(1'000'000'001'456ns));
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->error());
}

TEST(CaptureFile, SaysWhatIsWrongWithAMissingFile) {
  const auto reader = CaptureReader::open(scratch_file("nowhere.pcap"));
  ASSERT_FALSE(reader);
  EXPECT_THAT(reader.error().message, HasSubstr("nowhere.pcap: No such file"));
}

TEST(CaptureFile, ReportsATruncatedFileAfterItsWholeFrames) {
  const std::string path = scratch_file("truncated.pcap");
  {
    auto writer = PcapWriter::create(path);
    ASSERT_TRUE(writer);
    writer->write(1s, Bytes(100, 1));
    writer->write(2s, Bytes(100, 2));
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 10);
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->next());
  EXPECT_FALSE(reader->next());
  EXPECT_TRUE(reader->error());
}

TEST(CaptureFile, RefusesToWriteIntoAMissingDirectory) {
  EXPECT_FALSE(PcapWriter::create(scratch_file("no/such/directory.pcap")));
}

}  // namespace
}  // namespace pxeproof::trace
