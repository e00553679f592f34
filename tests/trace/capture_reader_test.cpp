#include "trace/capture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "protocol/frames/build.h"
#include "tests/support/scratch.h"
#include "tests/trace/pcapng_bytes.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using Order = PcapngBytes::Order;

std::string write_file(const std::string& name, ByteView octets) {
  const auto path = pxeproof::testing::scratch(name);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(octets.data()),
             static_cast<std::streamsize>(octets.size()));
  return path;
}

Bytes frame() {
  return frames::build_udp(
      {.source = {Ipv4Address::of(10, 0, 0, 9), 68}, .destination = {Ipv4Address::broadcast(), 67}},
      Bytes(300, 1));
}

// Classic pcap of one frame, one second and 5 units after the epoch; the length claims 100 more.
Bytes classic(Order order, std::uint32_t magic, std::uint32_t link) {
  const Bytes octets = frame();
  const auto size = static_cast<std::uint32_t>(octets.size());
  PcapngBytes bytes(order);
  bytes.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link);
  Bytes all = bytes.u32(1).u32(5).u32(size).u32(size + 100).octets();
  all.insert(all.end(), octets.begin(), octets.end());
  return all;
}

TEST(CaptureReader, ReadsClassicFilesOfBothByteOrdersAndPrecisions) {
  for (const Order order : {Order::Big, Order::Little}) {
    for (const auto& [magic, at] :
         {std::pair(0xa1b2c3d4U, Instant(1s + 5us)), std::pair(0xa1b23c4dU, Instant(1s + 5ns))}) {
      auto reader = CaptureReader::open(write_file("classic.pcap", classic(order, magic, 1)));
      ASSERT_TRUE(reader) << reader.error().message;
      const auto read = reader->next();
      ASSERT_TRUE(read);
      EXPECT_EQ(read->at, at);
      EXPECT_EQ(read->original_size, frame().size() + 100);
      EXPECT_TRUE(equal(read->raw, frame()));
      EXPECT_FALSE(reader->next());
      EXPECT_FALSE(reader->error());
      EXPECT_FALSE(reader->nothing_readable());
      EXPECT_EQ(reader->counts().cut, 1U);
    }
  }
}

TEST(CaptureReader, TranslatesLibpcapsNumberOfRawIp) {
  for (const std::uint32_t link : {101U, 12U}) {
    auto reader =
        CaptureReader::open(write_file("raw.pcap", classic(Order::Little, 0xa1b2c3d4, link)));
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(reader->interfaces()[0].link, LinkType::Raw);
  }
}

TEST(CaptureReader, SaysThatNothingInAForeignCaptureCanBeRead) {
  auto reader = CaptureReader::open(write_file(
      "wlan.pcapng",
      PcapngBytes(Order::Little).section().interface(105).packet(0, 1, frame()).octets()));
  ASSERT_TRUE(reader);
  const auto read = reader->next();
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->octets.empty());
  EXPECT_FALSE(reader->next());
  ASSERT_TRUE(reader->nothing_readable());
  EXPECT_THAT(reader->nothing_readable()->message,
              HasSubstr("wlan.pcapng: holds 1 frames, all of link type 105"));
}

TEST(CaptureReader, ReadsOnWhenOnlySomeInterfacesAreForeign) {
  auto reader = CaptureReader::open(write_file("mixed.pcapng", PcapngBytes(Order::Big)
                                                                   .section()
                                                                   .interface(105)
                                                                   .interface(1)
                                                                   .packet(0, 1, frame())
                                                                   .packet(1, 2, frame())
                                                                   .octets()));
  ASSERT_TRUE(reader);
  reader->next();
  const auto second = reader->next();
  ASSERT_TRUE(second);
  EXPECT_TRUE(equal(second->octets, frame()));
  EXPECT_EQ(second->number, 2U);
  EXPECT_FALSE(reader->nothing_readable());
  EXPECT_EQ(reader->counts().foreign, 1U);
}

TEST(CaptureReader, NamesWhatEachOtherFileIs) {
  const auto message = [](const std::string& name, ByteView octets) {
    const auto reader = CaptureReader::open(write_file(name, octets));
    return reader ? std::string() : reader.error().message;
  };
  EXPECT_THAT(message("empty", {}), HasSubstr("empty: is empty"));
  EXPECT_THAT(message("zipped", Bytes{0x1f, 0x8b, 8}), HasSubstr("gunzip"));
  EXPECT_THAT(message("text", as_bytes("Hello")), HasSubstr("is neither pcap nor pcapng"));
  EXPECT_THAT(message("short", Bytes{0xd4, 0xc3, 0xb2}), HasSubstr("short:header: "));
  const auto directory = CaptureReader::open(::testing::TempDir());
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, HasSubstr("is a directory"));
}

TEST(CaptureReader, CountsTheFrameThatAClassicFileEndsIn) {
  Bytes cut = classic(Order::Little, 0xa1b2c3d4, 1);
  cut.pop_back();
  auto reader = CaptureReader::open(write_file("cut.pcap", cut));
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->next());
  ASSERT_TRUE(reader->error());
  EXPECT_THAT(reader->error()->message, HasSubstr("cut.pcap:packet 1: "));
}

TEST(CaptureReader, SaysThatAFileHasNoFrames) {
  auto reader = CaptureReader::open(
      write_file("none.pcapng", PcapngBytes(Order::Little).section().interface(1).octets()));
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->next());
  EXPECT_FALSE(reader->error());
  ASSERT_TRUE(reader->nothing_readable());
}

}  // namespace
}  // namespace pxeproof::trace
