#include "trace/pcapng_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scratch.h"
#include "trace/capture_reader.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

std::string scratch_file(const std::string& name) { return pxeproof::testing::scratch(name); }

TEST(PcapngWriter, IsReadBackWithEveryField) {
  const std::string path = scratch_file("writer.pcapng");
  const Bytes frame(61, 7);
  {
    auto writer = PcapngWriter::create(path, {.comment = "case OFFER-14"});
    ASSERT_TRUE(writer) << writer.error().message;
    const auto wire = writer->add_interface({.name = "eth0"});
    const auto any = writer->add_interface({.name = "any", .link = LinkType::LinuxCooked2});
    writer->write({.interface = wire,
                   .since_unix_epoch = 1'700'000'000s + 9ns,
                   .octets = frame,
                   .original_size = 1500,
                   .comment = "expected: OFFER"});
    writer->write({.interface = any, .since_unix_epoch = 2s, .octets = frame});
    writer->write_statistics(wire, 3s, {.received = 2, .dropped = 1});
    EXPECT_FALSE(writer->error());
  }
  auto reader = CaptureReader::open(path);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto first = reader->next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 1U);
  EXPECT_EQ(first->at, Instant(1'700'000'000s + 9ns));
  EXPECT_EQ(first->original_size, 1500U);
  EXPECT_TRUE(equal(first->raw, frame));
  EXPECT_EQ(first->comment, "expected: OFFER");
  const auto second = reader->next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->interface, 1U);
  EXPECT_EQ(second->original_size, frame.size());
  EXPECT_EQ(second->comment, "");
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->error());
  EXPECT_EQ(reader->comment(), "case OFFER-14");
  EXPECT_EQ(reader->interfaces()[0].name, "eth0");
  EXPECT_EQ(reader->interfaces()[1].link, LinkType::LinuxCooked2);
}

TEST(PcapngWriter, ReportsAFullDisk) {
  auto writer = PcapngWriter::create("/dev/full");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->error());
  EXPECT_THAT(writer->error()->message, HasSubstr("/dev/full: No space left"));
}

TEST(PcapngWriter, RefusesToWriteIntoAMissingDirectory) {
  const auto writer = PcapngWriter::create(scratch_file("no/such/directory.pcapng"));
  ASSERT_FALSE(writer);
  EXPECT_THAT(writer.error().message, HasSubstr("name a file in a directory"));
}

}  // namespace
}  // namespace pxeproof::trace
