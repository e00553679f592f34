#include "trace/pcap_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <cstdio>
#include <memory>

#include "protocol/random.h"
#include "tests/trace/pcapng_bytes.h"

namespace pxeproof::trace {
namespace {

using ::testing::HasSubstr;

constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
File in_memory(Bytes& octets) {
  return {fmemopen(octets.data(), octets.size(), "rb"), std::fclose};
}

struct Frame {
  Instant at;
  std::uint32_t original_size = 0;
  Bytes octets;

  friend bool operator==(const Frame&, const Frame&) = default;
};

// Frames of all sizes, from none to more than the buffer takes at once.
Bytes file_of(std::uint32_t magic, std::size_t frames) {
  Random random(7);
  Bytes octets = PcapngBytes(PcapngBytes::Order::Little)
                     .u32(magic)
                     .u16(2)
                     .u16(4)
                     .u32(0)
                     .u32(0)
                     .u32(262'144)
                     .u32(1)
                     .octets();
  for (std::size_t i = 0; i < frames; ++i) {
    const auto size = static_cast<std::uint32_t>(i % 7 == 6 ? 200'000 + i : random.below(1600));
    const Bytes header = PcapngBytes(PcapngBytes::Order::Little)
                             .u32(1'700'000'000 + static_cast<std::uint32_t>(i))
                             .u32(static_cast<std::uint32_t>(random.below(1'000'000)))
                             .u32(size)
                             .u32(size + static_cast<std::uint32_t>(i % 3))
                             .octets();
    octets.insert(octets.end(), header.begin(), header.end());
    Bytes content(size);
    random.fill(content);
    octets.insert(octets.end(), content.begin(), content.end());
  }
  return octets;
}

std::vector<Frame> by_us(Bytes octets) {
  const File file = in_memory(octets);
  auto reader = PcapReader::open(file.get(), "memory");
  EXPECT_TRUE(reader) << reader.error().message;
  std::vector<Frame> frames;
  RawFrame frame;
  while (reader && reader->next(frame)) {
    frames.push_back({frame.at, frame.original_size, {frame.octets.begin(), frame.octets.end()}});
  }
  return frames;
}

std::vector<Frame> by_libpcap(Bytes octets) {
  std::array<char, PCAP_ERRBUF_SIZE> words{};
  File file = in_memory(octets);
  pcap_t* handle = pcap_fopen_offline_with_tstamp_precision(file.get(), PCAP_TSTAMP_PRECISION_NANO,
                                                            words.data());
  EXPECT_NE(handle, nullptr) << words.data();
  static_cast<void>(file.release());  // libpcap closes it
  std::vector<Frame> frames;
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  while (pcap_next_ex(handle, &header, &data) == 1) {
    frames.push_back({Instant(std::chrono::seconds(header->ts.tv_sec) +
                              std::chrono::nanoseconds(header->ts.tv_usec)),
                      header->len,
                      {data, data + header->caplen}});
  }
  pcap_close(handle);
  return frames;
}

TEST(PcapReader, ReadsWhatLibpcapReads) {
  for (const std::uint32_t magic : {kMicroseconds, kNanoseconds}) {
    const Bytes octets = file_of(magic, 40);
    const std::vector<Frame> frames = by_us(octets);
    EXPECT_EQ(frames.size(), 40U);
    EXPECT_TRUE(frames == by_libpcap(octets));
  }
}

TEST(PcapReader, EndsWhereLibpcapEndsWhenTheFileIsCut) {
  const Bytes whole = file_of(kMicroseconds, 5);
  for (std::size_t size = 24; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_TRUE(by_us(cut) == by_libpcap(cut)) << size;
  }
}

// The lengths of version 2.2 stand the other way round.
TEST(PcapReader, KnowsThatTheLengthsChangedPlaces) {
  Bytes octets = file_of(kMicroseconds, 3);
  octets[6] = 2;
  octets[24 + 12] = octets[24 + 8];
  EXPECT_TRUE(by_us(octets) == by_libpcap(octets));
}

TEST(PcapReader, SaysWhereAFileIsDamaged) {
  Bytes octets = file_of(kMicroseconds, 2);
  octets[24 + 11] = 0x7f;
  const File file = in_memory(octets);
  auto reader = PcapReader::open(file.get(), "boot.pcap");
  ASSERT_TRUE(reader);
  RawFrame frame;
  EXPECT_FALSE(reader->next(frame));
  ASSERT_TRUE(reader->error());
  EXPECT_THAT(reader->error()->message, HasSubstr("boot.pcap:packet 1: it claims"));
  EXPECT_FALSE(reader->next(frame));
}

}  // namespace
}  // namespace pxeproof::trace
