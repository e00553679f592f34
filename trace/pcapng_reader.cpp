#include "trace/pcapng_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "trace/pcapng_format.h"

namespace pxeproof::trace {

namespace {

using namespace pcapng;

constexpr std::size_t kBlockHeadSize = 8;  // type and length
constexpr std::size_t kBlockTailSize = 4;  // length again
constexpr std::size_t kOptionHeadSize = 4;
constexpr std::uint32_t kMinimumSectionHeader = 28;

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::uint32_t swapped(std::uint32_t value) { return __builtin_bswap32(value); }

std::uint32_t big_endian32(ByteView octets, std::size_t offset) {
  return (std::uint32_t{octets[offset]} << 24U) | (std::uint32_t{octets[offset + 1]} << 16U) |
         (std::uint32_t{octets[offset + 2]} << 8U) | octets[offset + 3];
}

constexpr std::uint64_t power_of_ten(unsigned exponent) {
  std::uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// Seconds and nanoseconds without leaving the range of an Instant.
Instant clamped(std::int64_t seconds, std::uint64_t nanoseconds) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  return Instant(std::chrono::seconds(std::clamp(seconds, std::int64_t{0}, kMost)) +
                 std::chrono::nanoseconds(nanoseconds));
}

}  // namespace

std::uint32_t PcapngReader::u32(ByteView octets, std::size_t offset) const {
  const std::uint32_t value = big_endian32(octets, offset);
  return order_ == ByteOrder::Big ? value : swapped(value);
}

std::uint16_t PcapngReader::u16(ByteView octets, std::size_t offset) const {
  const unsigned first = octets[offset];
  const unsigned second = octets[offset + 1];
  return static_cast<std::uint16_t>(order_ == ByteOrder::Big ? first << 8U | second
                                                             : second << 8U | first);
}

void PcapngReader::damaged(const std::string& problem) {
  if (error_) return;
  error_ = CaptureError{
      fmt::format("{}:octet {}: {}; the frames before it were read, capture again or copy the file "
                  "once more for the rest",
                  name_, block_offset_, problem)};
}

// All of a block behind its type and length, but for the length at its end.
std::optional<ByteView> PcapngReader::read_body(std::uint32_t length, std::string_view what) {
  if (!window_.fill(length)) {
    damaged(fmt::format("the file ends in {}", what));
    return std::nullopt;
  }
  const ByteView block = window_.first(length);
  window_.consume(length);
  if (u32(block, length - kBlockTailSize) != length) {
    damaged(fmt::format("{} whose two lengths differ", what));
    return std::nullopt;
  }
  return block.first(length - kBlockTailSize).subspan(kBlockHeadSize);
}

// The byte order stands behind the length, so the length can be read only then.
bool PcapngReader::read_section_header(std::uint32_t raw_length) {
  if (!window_.fill(kBlockHeadSize + 4)) {
    damaged("the file ends in a section header");
    return false;
  }
  const std::uint32_t magic = big_endian32(window_.first(kBlockHeadSize + 4), kBlockHeadSize);
  if (magic == kByteOrderMagic) {
    order_ = ByteOrder::Big;
  } else if (swapped(magic) == kByteOrderMagic) {
    order_ = ByteOrder::Little;
  } else {
    damaged("a section header without its byte order mark");
    return false;
  }
  const std::uint32_t length = order_ == ByteOrder::Big ? raw_length : swapped(raw_length);
  if (length < kMinimumSectionHeader || length % 4 != 0 || length > kMaximumBlock) {
    damaged(fmt::format("a section header of {} octets", length));
    return false;
  }
  const auto body = read_body(length, "a section header");
  if (!body) return false;
  const unsigned version = u16(*body, 4);
  if (version != 1) {
    damaged(fmt::format("a section of version {}, 1 is what is known", version));
    return false;
  }
  section_begin_ = interfaces_.size();
  in_section_ = true;
  each_option(body->subspan(16), [this](std::uint16_t code, ByteView value) {
    if (code == kOptionComment && comment_.empty()) comment_ = as_text(value);
  });
  return true;
}

std::optional<PcapngReader::Block> PcapngReader::read_block() {
  block_offset_ = window_.position();
  if (!window_.fill(kBlockHeadSize)) {
    if (window_.size() > 0) damaged("the file ends in the head of a block");
    return std::nullopt;
  }
  const ByteView head = window_.first(kBlockHeadSize);
  // The number of a section header reads the same in both orders.
  if (big_endian32(head, 0) == kSectionHeaderBlock) {
    if (!read_section_header(big_endian32(head, 4))) return std::nullopt;
    return Block{kSectionHeaderBlock, {}};
  }
  const std::uint32_t type = u32(head, 0);
  const std::uint32_t length = u32(head, 4);
  if (!in_section_ || length < kBlockHeadSize + kBlockTailSize || length % 4 != 0) {
    damaged(fmt::format("a block that says it has {} octets", length));
    return std::nullopt;
  }
  if (!is_read(type)) {
    if (!window_.skip(length)) {
      damaged("the file ends in a block");
      return std::nullopt;
    }
    return Block{type, {}};
  }
  if (length > kMaximumBlock) {
    damaged(fmt::format("a packet of {} octets", length));
    return std::nullopt;
  }
  const auto body = read_body(length, "a block");
  if (!body) return std::nullopt;
  return Block{type, *body};
}

//  | code 16 | length 16 | value, padded to 4 |, until code 0
template <typename Visit>
void PcapngReader::each_option(ByteView options, Visit&& visit) const {
  while (options.size() >= kOptionHeadSize) {
    const std::uint16_t code = u16(options, 0);
    const std::size_t length = u16(options, 2);
    options = options.subspan(kOptionHeadSize);
    if (code == kOptionEnd || length > options.size()) return;
    visit(code, options.first(length));
    options = options.subspan(std::min(padded(length), options.size()));
  }
}

void PcapngReader::on_interface(ByteView body) {
  if (body.size() < 8) {
    damaged("an interface description that is cut");
    return;
  }
  if (interfaces_.size() >= kMaximumInterfaces) {
    damaged(fmt::format("more than {} interfaces", kMaximumInterfaces));
    return;
  }
  CaptureInterface interface;
  interface.link = static_cast<LinkType>(u16(body, 0));
  interface.snap_length = u32(body, 4);
  TimeScale scale;
  each_option(body.subspan(8), [&](std::uint16_t code, ByteView value) {
    if (code == kOptionInterfaceName) interface.name = as_text(value);
    if (code == kOptionTimeResolution && value.size() == 1) {
      scale.base = (value[0] & 0x80U) != 0 ? TimeScale::Base::Two : TimeScale::Base::Ten;
      scale.exponent = value[0] & 0x7fU;
    }
    if (code == kOptionTimeOffset && value.size() == 8) {
      const std::size_t high = order_ == ByteOrder::Big ? 0 : 4;
      scale.offset_seconds = static_cast<std::int64_t>((std::uint64_t{u32(value, high)} << 32U) |
                                                       u32(value, 4 - high));
    }
  });
  interfaces_.push_back(std::move(interface));
  scales_.push_back(scale);
}

Instant PcapngReader::time_of(std::uint32_t interface, std::uint64_t units) const {
  const TimeScale& scale = scales_[interface];
  constexpr std::uint64_t kMostMicroseconds = std::numeric_limits<std::int64_t>::max() / 1000;
  if (scale.is_microseconds() && units <= kMostMicroseconds) {
    return Instant(std::chrono::nanoseconds(units * 1000));
  }
  std::uint64_t seconds = 0;
  std::uint64_t nanoseconds = 0;
  constexpr unsigned kMostTens = 19;  // 10^19 is the greatest power in 64 bits
  if (scale.base == TimeScale::Base::Ten) {
    if (scale.exponent <= kMostTens) {
      const std::uint64_t in_second = power_of_ten(scale.exponent);
      seconds = units / in_second;
      nanoseconds = scale.exponent <= 9 ? units % in_second * power_of_ten(9 - scale.exponent)
                                        : units % in_second / power_of_ten(scale.exponent - 9);
    }
  } else if (scale.exponent < 64) {
    seconds = units >> scale.exponent;
    std::uint64_t rest = units - (seconds << scale.exponent);
    // Thirty bits are finer than a nanosecond, and leave room to multiply.
    unsigned bits = scale.exponent;
    if (bits > 30) {
      rest >>= bits - 30;
      bits = 30;
    }
    nanoseconds = (rest * 1'000'000'000) >> bits;
  }
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;
  const std::int64_t offset =
      std::clamp<std::int64_t>(scale.offset_seconds, -std::int64_t{kMost}, std::int64_t{kMost});
  return clamped(static_cast<std::int64_t>(std::min(seconds, kMost)) + offset, nanoseconds);
}

void PcapngReader::take_comments(ByteView options, RawFrame& frame) {
  packet_comment_.clear();
  each_option(options, [this](std::uint16_t code, ByteView value) {
    if (code != kOptionComment) return;
    if (!packet_comment_.empty()) packet_comment_ += '\n';
    packet_comment_ += as_text(value);
  });
  frame.comment = packet_comment_;
}

//  interface, time high 32, time low 32, captured 32, original 32, octets, options
bool PcapngReader::on_packet(ByteView body, std::uint32_t interface_of_section, RawFrame& frame) {
  constexpr std::size_t kHead = 20;
  if (body.size() < kHead || u32(body, 12) > body.size() - kHead) {
    damaged("a packet that is longer than its block");
    return false;
  }
  const std::uint64_t interface = std::uint64_t{interface_of_section} + section_begin_;
  if (interface >= interfaces_.size()) {
    damaged("a packet of an interface that was not described");
    return false;
  }
  const std::size_t captured = u32(body, 12);
  frame.interface = static_cast<std::uint32_t>(interface);
  frame.link = interfaces_[frame.interface].link;
  frame.at = time_of(frame.interface, (std::uint64_t{u32(body, 4)} << 32U) | u32(body, 8));
  frame.original_size = u32(body, 16);
  frame.octets = body.subspan(kHead, captured);
  take_comments(body.subspan(std::min(kHead + padded(captured), body.size())), frame);
  last_ = frame.at;
  return true;
}

//  original 32, octets: as many as the first interface's snap length lets through; no time
bool PcapngReader::on_simple_packet(ByteView body, RawFrame& frame) {
  if (body.size() < 4 || section_begin_ >= interfaces_.size()) {
    damaged("a simple packet before any interface");
    return false;
  }
  frame.interface = static_cast<std::uint32_t>(section_begin_);
  frame.link = interfaces_[section_begin_].link;
  frame.at = last_;
  frame.original_size = u32(body, 0);
  const std::uint32_t snap = interfaces_[section_begin_].snap_length;
  std::size_t captured = std::min<std::size_t>(frame.original_size, body.size() - 4);
  if (snap != 0) captured = std::min<std::size_t>(captured, snap);
  frame.octets = body.subspan(4, captured);
  take_comments({}, frame);
  return true;
}

// True when it was a packet.
bool PcapngReader::on_block(const Block& block, RawFrame& frame) {
  switch (block.type) {
    case kInterfaceBlock:
      on_interface(block.body);
      return false;
    case kEnhancedPacketBlock:
      return on_packet(block.body, block.body.size() < 4 ? 0 : u32(block.body, 0), frame);
    case kSimplePacketBlock:
      return on_simple_packet(block.body, frame);
    case kObsoletePacketBlock:  // its interface has 16 bits, before a number of drops
      return on_packet(block.body, block.body.size() < 2 ? 0 : u16(block.body, 0), frame);
    default:
      return false;
  }
}

bool PcapngReader::next(RawFrame& frame) {
  while (!error_) {
    const auto block = read_block();
    if (!block) return false;
    if (on_block(*block, frame)) return true;
  }
  return false;
}

}  // namespace pxeproof::trace
