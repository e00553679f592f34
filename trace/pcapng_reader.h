#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "trace/captured_frame.h"

namespace pxeproof::trace {

// Reads pcapng (draft-ietf-opsawg-pcapng) frame by frame: sections of either byte order, any number
// of interfaces, enhanced, simple and the obsolete packet blocks, comments. Other blocks are passed
// over. Holds one block at a time.
//
//  +------------------+------------------+---------------------+------------------+
//  | block type    32 | total length  32 | body, padded to 4   | total length  32 |
//  +------------------+------------------+---------------------+------------------+
class PcapngReader {
 public:
  // Limits of what a file may claim.
  static constexpr std::uint32_t kMaximumBlock = 16U << 20U;
  static constexpr std::size_t kMaximumInterfaces = 65536;

  // The file stands at its first octet, belongs to the caller and outlives this. The name is for
  // messages.
  PcapngReader(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}

  // The next frame, valid until the next call; nullopt at the end, after which error() tells
  // whether the file was whole.
  std::optional<RawFrame> next();
  const std::optional<CaptureError>& error() const { return error_; }

  // Those seen so far, of all sections.
  const std::vector<CaptureInterface>& interfaces() const { return interfaces_; }
  // The comment of the first section that has one.
  const std::string& comment() const { return comment_; }

 private:
  enum class ByteOrder { Big, Little };
  // How an interface counts time.
  struct TimeScale {
    enum class Base { Ten, Two } base = Base::Ten;
    unsigned exponent = 6;
    std::int64_t offset_seconds = 0;
  };
  struct Block {
    std::uint32_t type = 0;
    ByteView body;
  };

  std::optional<Block> read_block();
  bool read_section_header(std::uint32_t raw_length);
  bool read_exactly(std::span<std::uint8_t> into);
  bool read_body(std::size_t size);
  bool skip(std::uint64_t count);
  std::uint32_t u32(ByteView octets, std::size_t offset) const;
  std::uint16_t u16(ByteView octets, std::size_t offset) const;
  template <typename Visit>
  void each_option(ByteView options, Visit&& visit) const;

  std::optional<RawFrame> on_block(const Block& block);
  void on_interface(ByteView body);
  std::optional<RawFrame> on_enhanced_packet(ByteView body);
  std::optional<RawFrame> on_simple_packet(ByteView body);
  std::optional<RawFrame> on_obsolete_packet(ByteView body);
  std::optional<RawFrame> finish_packet(RawFrame frame, ByteView options);
  Instant time_of(std::uint32_t interface, std::uint64_t units) const;
  void damaged(const std::string& problem);

  std::FILE* file_;
  std::string name_;
  ByteOrder order_ = ByteOrder::Little;
  std::uint64_t offset_ = 0;        // octets read
  std::uint64_t block_offset_ = 0;  // where the current block began
  std::size_t section_begin_ = 0;   // index of the section's first interface
  bool in_section_ = false;
  Bytes block_;
  std::vector<CaptureInterface> interfaces_;
  std::vector<TimeScale> scales_;
  Instant last_;
  std::string comment_;
  std::string packet_comment_;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace
