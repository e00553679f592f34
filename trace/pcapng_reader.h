#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "trace/captured_frame.h"
#include "trace/file_window.h"

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
  PcapngReader(std::FILE* file, std::string name) : window_(file), name_(std::move(name)) {}

  // The next frame, valid until the next call; false at the end, after which error() tells whether
  // the file was whole.
  bool next(RawFrame& frame);
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
    // What most files say; the rest is worked out for each frame.
    bool is_microseconds() const {
      return base == Base::Ten && exponent == 6 && offset_seconds == 0;
    }
  };
  struct Block {
    std::uint32_t type = 0;
    ByteView body;
  };

  std::optional<Block> read_block();
  bool read_section_header(std::uint32_t raw_length);
  std::optional<ByteView> read_body(std::uint32_t length, std::string_view what);
  std::uint32_t u32(ByteView octets, std::size_t offset) const;
  std::uint16_t u16(ByteView octets, std::size_t offset) const;
  template <typename Visit>
  void each_option(ByteView options, Visit&& visit) const;

  bool on_block(const Block& block, RawFrame& frame);
  void on_interface(ByteView body);
  bool on_packet(ByteView body, std::uint32_t interface_of_section, RawFrame& frame);
  bool on_simple_packet(ByteView body, RawFrame& frame);
  void take_comments(ByteView options, RawFrame& frame);
  Instant time_of(std::uint32_t interface, std::uint64_t units) const;
  void damaged(const std::string& problem);

  FileWindow window_;
  std::string name_;
  ByteOrder order_ = ByteOrder::Little;
  std::uint64_t block_offset_ = 0;  // where the current block began
  std::size_t section_begin_ = 0;   // index of the section's first interface
  bool in_section_ = false;
  std::vector<CaptureInterface> interfaces_;
  std::vector<TimeScale> scales_;
  Instant last_;
  std::string comment_;
  std::string packet_comment_;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace
