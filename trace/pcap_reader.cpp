#include "trace/pcap_reader.h"

#include <fmt/format.h>

#include <utility>

namespace pxeproof::trace {

namespace {

constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kFrameHeader = 16;
constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
// The upper bits of the link type tell of a frame check sequence.
constexpr std::uint32_t kLinkMask = 0x03ff'ffff;
constexpr std::uint32_t kLinkRawOfLinux = 12;
constexpr std::uint32_t kLinkRawOfOpenBsd = 14;

std::uint32_t u32(const std::uint8_t* octets) {
  return std::uint32_t{octets[0]} | std::uint32_t{octets[1]} << 8U |
         std::uint32_t{octets[2]} << 16U | std::uint32_t{octets[3]} << 24U;
}

LinkType link_type_of(std::uint32_t number) {
  number &= kLinkMask;
  if (number == kLinkRawOfLinux || number == kLinkRawOfOpenBsd) return LinkType::Raw;
  return static_cast<LinkType>(number);
}

}  // namespace

PcapReader::PcapReader(std::FILE* file, std::string name) : window_(file), name_(std::move(name)) {}

void PcapReader::damaged(const std::string& problem) {
  error_ = CaptureError{
      fmt::format("{}:packet {}: {}; the frames before it were read, capture again or copy the "
                  "file once more for the rest",
                  name_, read_ + 1, problem)};
}

Result<PcapReader, CaptureError> PcapReader::open(std::FILE* file, const std::string& name) {
  PcapReader reader(file, name);
  const auto refuse = [&name](const std::string& problem) {
    return fail(CaptureError{
        fmt::format("{}:header: {}; give a capture in pcap or pcapng form", name, problem)});
  };
  if (!reader.window_.fill(kFileHeader)) return refuse("the file ends in it");
  const std::uint8_t* header = reader.window_.data();
  const std::uint32_t magic = u32(header);
  if (magic != kMicroseconds && magic != kNanoseconds) return refuse("it is none of pcap");
  const std::uint32_t version = u32(header + 4);
  if ((version & 0xffffU) != 2) {
    return refuse(fmt::format("version {}, 2 is what is known", version & 0xffffU));
  }
  reader.minor_version_ = version >> 16U;
  reader.nanoseconds_per_unit_ = magic == kNanoseconds ? 1 : 1000;
  reader.snap_length_ = u32(header + 16);
  reader.link_ = link_type_of(u32(header + 20));
  reader.window_.consume(kFileHeader);
  return reader;
}

bool PcapReader::next(RawFrame& frame) {
  if (error_) return false;
  if (!window_.fill(kFrameHeader)) {
    if (window_.size() > 0) damaged("the file ends in its header");
    return false;
  }
  const std::uint8_t* header = window_.data();
  std::uint32_t captured = u32(header + 8);
  std::uint32_t original = u32(header + 12);
  // The two lengths changed places with version 2.3.
  if (minor_version_ < 3 || (minor_version_ == 3 && captured > original)) {
    std::swap(captured, original);
  }
  if (captured > kMaximumFrame) {
    damaged(fmt::format("it claims {} octets", captured));
    return false;
  }
  if (!window_.fill(kFrameHeader + captured)) {
    damaged("the file ends in it");
    return false;
  }
  header = window_.data();
  frame.at =
      Instant(std::chrono::seconds(u32(header)) +
              std::chrono::nanoseconds(std::uint64_t{u32(header + 4)} * nanoseconds_per_unit_));
  frame.link = link_;
  frame.original_size = original;
  frame.octets = window_.first(kFrameHeader + captured).subspan(kFrameHeader);
  window_.consume(kFrameHeader + captured);
  ++read_;
  return true;
}

}  // namespace pxeproof::trace
