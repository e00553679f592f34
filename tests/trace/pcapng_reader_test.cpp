#include "trace/pcapng_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "tests/trace/pcapng_bytes.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Bytes kFrame(61, 0xab);  // not a multiple of four: it is padded

// A file in memory, with what was read from it.
struct Reading {
  struct Frame {
    Instant at;
    LinkType link;
    std::uint32_t interface;
    std::uint32_t original_size;
    Bytes octets;
    std::string comment;
  };
  std::vector<Frame> frames;
  std::string error;
  std::string file_comment;
  std::vector<CaptureInterface> interfaces;
};

Reading read(Bytes octets) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      fmemopen(octets.data(), octets.size(), "rb"), std::fclose);
  PcapngReader reader(file.get(), "memory");
  Reading reading;
  RawFrame frame;
  while (reader.next(frame)) {
    reading.frames.push_back({frame.at,
                              frame.link,
                              frame.interface,
                              frame.original_size,
                              {frame.octets.begin(), frame.octets.end()},
                              std::string(frame.comment)});
  }
  if (reader.error()) reading.error = reader.error()->message;
  reading.file_comment = reader.comment();
  reading.interfaces = reader.interfaces();
  return reading;
}

class EitherByteOrder : public testing::TestWithParam<PcapngBytes::Order> {
 protected:
  PcapngBytes begin() const { return PcapngBytes(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(PcapngReader, EitherByteOrder,
                         testing::Values(PcapngBytes::Order::Big, PcapngBytes::Order::Little));

TEST_P(EitherByteOrder, GivesFramesWithMicrosecondsByDefault) {
  const Reading reading =
      read(begin().section().interface(1).packet(0, 3'000'000'000'001, kFrame, 90).octets());
  ASSERT_EQ(reading.frames.size(), 1U) << reading.error;
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.frames[0].octets, kFrame);
  EXPECT_EQ(reading.frames[0].original_size, 90U);
  EXPECT_EQ(reading.frames[0].at, Instant(3'000'000s + 1us));
  EXPECT_EQ(reading.frames[0].link, LinkType::Ethernet);
}

TEST_P(EitherByteOrder, ReadsTimesInTheUnitsOfEachInterface) {
  const auto resolution = [this](unsigned octet) {
    const Bytes value{static_cast<std::uint8_t>(octet)};
    return begin().option(9, value).option(0, ByteView());
  };
  const Bytes offset = begin()
                           .u32(GetParam() == PcapngBytes::Order::Big ? 0 : 100)
                           .u32(GetParam() == PcapngBytes::Order::Big ? 100 : 0)
                           .octets();
  const Reading reading =
      read(begin()
               .section()
               .interface(1, resolution(9))          // nanoseconds
               .interface(1, resolution(0))          // seconds
               .interface(1, resolution(12))         // picoseconds
               .interface(1, resolution(0x80 | 10))  // 1024ths
               .interface(1, resolution(0x80 | 40))  // 2^-40
               .interface(1, begin().option(14, offset).option(0, ByteView()))
               .packet(0, 7'000'000'009, kFrame)
               .packet(1, 7, kFrame)
               .packet(2, 7'000'000'000'999, kFrame)
               .packet(3, 7 * 1024 + 512, kFrame)
               .packet(4, (std::uint64_t{7} << 40U) + (std::uint64_t{1} << 39U), kFrame)
               .packet(5, 7, kFrame)
               .octets());
  ASSERT_EQ(reading.frames.size(), 6U) << reading.error;
  EXPECT_EQ(reading.frames[0].at, Instant(7s + 9ns));
  EXPECT_EQ(reading.frames[1].at, Instant(7s));
  EXPECT_EQ(reading.frames[2].at, Instant(7s));
  EXPECT_EQ(reading.frames[3].at, Instant(7s + 500ms));
  EXPECT_EQ(reading.frames[4].at, Instant(7s + 500ms));
  EXPECT_EQ(reading.frames[5].at, Instant(100s + 7us));
}

TEST_P(EitherByteOrder, ReadsSimpleAndObsoletePackets) {
  const Reading reading =
      read(begin()
               .section()
               .interface(1, 40)  // snap length
               .packet(0, 5'000'000, kFrame)
               .block(3, begin().u32(61).bytes(ByteView(kFrame).first(40)))
               .block(2, begin().u16(0).u16(9).u32(0).u32(6'000'000).u32(61).u32(61).bytes(kFrame))
               .octets());
  ASSERT_EQ(reading.frames.size(), 3U) << reading.error;
  EXPECT_EQ(reading.frames[1].octets.size(), 40U);
  EXPECT_EQ(reading.frames[1].original_size, 61U);
  EXPECT_EQ(reading.frames[1].at, Instant(5s));  // it has no time: that of the one before
  EXPECT_EQ(reading.frames[2].octets, kFrame);
  EXPECT_EQ(reading.frames[2].at, Instant(6s));
}

TEST_P(EitherByteOrder, ReadsCommentsAndPassesOverWhatItDoesNotKnow) {
  const PcapngBytes head = begin()
                               .u32(0x1a2b3c4d)
                               .u16(1)
                               .u16(0)
                               .u32(~0U)
                               .u32(~0U)
                               .option(1, "of the file")
                               .option(0, ByteView());
  const PcapngBytes commented = begin()
                                    .u32(0)
                                    .u32(0)
                                    .u32(1)
                                    .u32(61)
                                    .u32(61)
                                    .bytes(kFrame)
                                    .option(2, "....")  // flags
                                    .option(1, "first")
                                    .option(1, "second")
                                    .option(0, ByteView());
  const Reading reading = read(begin()
                                   .block(0x0a0d0d0a, head)
                                   .block(4, begin().u32(0))              // name resolution
                                   .block(0x0bad, begin().u32(1).u32(2))  // custom
                                   .interface(113, begin().option(2, "eth7").option(0, ByteView()))
                                   .block(6, commented)
                                   .block(5, begin().u32(0).u32(0).u32(0))  // statistics
                                   .octets());
  ASSERT_EQ(reading.frames.size(), 1U) << reading.error;
  EXPECT_EQ(reading.file_comment, "of the file");
  EXPECT_EQ(reading.frames[0].comment, "first\nsecond");
  EXPECT_EQ(reading.frames[0].link, LinkType::LinuxCooked);
  EXPECT_EQ(reading.interfaces[0].name, "eth7");
}

TEST(PcapngReader, NumbersInterfacesAcrossSectionsOfDifferentByteOrder) {
  PcapngBytes little(PcapngBytes::Order::Little);
  PcapngBytes big(PcapngBytes::Order::Big);
  Bytes octets = little.section().interface(1).interface(101).packet(1, 1, kFrame).octets();
  const Bytes second = big.section().interface(276).packet(0, 2, kFrame).octets();
  octets.insert(octets.end(), second.begin(), second.end());

  const Reading reading = read(octets);

  ASSERT_EQ(reading.frames.size(), 2U) << reading.error;
  EXPECT_EQ(reading.frames[0].interface, 1U);
  EXPECT_EQ(reading.frames[0].link, LinkType::Raw);
  EXPECT_EQ(reading.frames[1].interface, 2U);
  EXPECT_EQ(reading.frames[1].link, LinkType::LinuxCooked2);
}

// Cut anywhere, it gives the frames that are whole and says where it ended; only the ends of blocks
// are ends of a file.
TEST_P(EitherByteOrder, TellsEveryTruncation) {
  const Bytes whole =
      begin().section().interface(1).packet(0, 1, kFrame).packet(0, 2, kFrame).octets();
  const std::vector<std::size_t> ends{28, 48, 48 + 96, 48 + 192};
  ASSERT_EQ(whole.size(), ends.back());
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    const Reading reading =
        read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    const bool is_end = std::ranges::find(ends, size) != ends.end();
    EXPECT_EQ(reading.error.empty(), is_end) << size << ": " << reading.error;
    EXPECT_EQ(reading.frames.size(), size < ends[2] ? 0U : size < ends[3] ? 1U : 2U) << size;
  }
}

TEST(PcapngReader, NamesTheOctetWhereAFileIsDamaged) {
  PcapngBytes bytes(PcapngBytes::Order::Little);
  Bytes octets = bytes.section().interface(1).packet(0, 1, kFrame).octets();
  octets[octets.size() - 4] ^= 0x40U;  // the second length of the packet
  EXPECT_THAT(read(octets).error, HasSubstr("memory:octet 48: a block whose two lengths differ"));

  octets = PcapngBytes(PcapngBytes::Order::Big).section().packet(0, 1, kFrame).octets();
  EXPECT_THAT(read(octets).error, HasSubstr("octet 28: a packet of an interface that was not"));
}

TEST(PcapngReader, RefusesBlocksThatWouldFillTheMemory) {
  const PcapngBytes::Order order = PcapngBytes::Order::Little;
  const Bytes octets =
      PcapngBytes(order).section().interface(1).u32(6).u32(0xfffffff0).u32(0).octets();
  EXPECT_THAT(read(octets).error, HasSubstr("a packet of 4294967280 octets"));
}

}  // namespace
}  // namespace pxeproof::trace
