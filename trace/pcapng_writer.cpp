#include "trace/pcapng_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "trace/pcapng_format.h"

namespace pxeproof::trace {

using namespace pcapng;

namespace {

constexpr std::size_t kLongestOption = 32 * 1024;
constexpr std::uint8_t kNanoseconds = 9;  // if_tsresol: 10^-9

}  // namespace

void PcapngWriter::Close::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

// A section may choose its byte order; this one takes that of the network.
void PcapngWriter::begin_block(std::uint32_t type) {
  block_.clear();
  ByteWriter writer(block_);
  writer.u32(type);
  writer.u32(0);  // the length, known at the end
}

void PcapngWriter::end_block() {
  ByteWriter writer(block_);
  const auto length = static_cast<std::uint32_t>(block_.size() + 4);
  writer.u32(length);
  writer.patch_u16(4, static_cast<std::uint16_t>(length >> 16U));
  writer.patch_u16(6, static_cast<std::uint16_t>(length & 0xffffU));
  const bool written = std::fwrite(block_.data(), 1, block_.size(), file_.get()) == block_.size() &&
                       std::fflush(file_.get()) == 0;
  if (!written && !error_) {
    error_ = CaptureError{
        fmt::format("{}: {}; give it room, or write elsewhere: the file ends in the middle", name_,
                    std::strerror(errno))};
  }
}

void PcapngWriter::add_option(std::uint16_t code, ByteView value) {
  value = value.first(std::min(value.size(), kLongestOption));
  ByteWriter writer(block_);
  writer.u16(code);
  writer.u16(static_cast<std::uint16_t>(value.size()));
  writer.bytes(value);
  writer.zeros((4 - value.size() % 4) % 4);
}

void PcapngWriter::add_option(std::uint16_t code, std::string_view text) {
  if (!text.empty()) add_option(code, as_bytes(text));
}

void PcapngWriter::add_time(std::chrono::nanoseconds since_unix_epoch) {
  const auto units =
      static_cast<std::uint64_t>(std::max<std::int64_t>(since_unix_epoch.count(), 0));
  ByteWriter writer(block_);
  writer.u32(static_cast<std::uint32_t>(units >> 32U));
  writer.u32(static_cast<std::uint32_t>(units & 0xffffffffU));
}

Result<PcapngWriter, CaptureError> PcapngWriter::create(const std::string& path) {
  return create(path, Options{});
}

Result<PcapngWriter, CaptureError> PcapngWriter::create(const std::string& path,
                                                        const Options& options) {
  std::unique_ptr<std::FILE, Close> file(path == "-" ? stdout : std::fopen(path.c_str(), "wb"));
  if (!file) {
    return fail(CaptureError{fmt::format("{}: {}; name a file in a directory that you may write to",
                                         path, std::strerror(errno))});
  }
  PcapngWriter capture(std::move(file), path == "-" ? "standard output" : path);
  capture.begin_block(kSectionHeaderBlock);
  ByteWriter writer(capture.block_);
  writer.u32(kByteOrderMagic);
  writer.u16(1);  // version 1.0
  writer.u16(0);
  writer.u32(0xffffffffU);  // the section's length is not said
  writer.u32(0xffffffffU);
  capture.add_option(kOptionComment, options.comment);
  capture.add_option(kOptionUserApplication, options.application);
  capture.add_option(kOptionEnd, ByteView());
  capture.end_block();
  return capture;
}

std::uint32_t PcapngWriter::add_interface(const Interface& interface) {
  begin_block(kInterfaceBlock);
  ByteWriter writer(block_);
  writer.u16(static_cast<std::uint16_t>(interface.link));
  writer.u16(0);
  writer.u32(interface.snap_length);
  add_option(kOptionInterfaceName, interface.name);
  add_option(kOptionInterfaceDescription, interface.description);
  add_option(kOptionTimeResolution, ByteView(&kNanoseconds, 1));
  add_option(kOptionEnd, ByteView());
  end_block();
  return interfaces_++;
}

void PcapngWriter::write(const Packet& packet) {
  assert(packet.interface < interfaces_);
  begin_block(kEnhancedPacketBlock);
  ByteWriter writer(block_);
  const auto size = static_cast<std::uint32_t>(packet.octets.size());
  writer.u32(packet.interface);
  add_time(packet.since_unix_epoch);
  writer.u32(size);
  writer.u32(std::max(packet.original_size, size));
  writer.bytes(packet.octets);
  writer.zeros((4 - packet.octets.size() % 4) % 4);
  if (!packet.comment.empty()) {
    add_option(kOptionComment, packet.comment);
    add_option(kOptionEnd, ByteView());
  }
  end_block();
}

void PcapngWriter::write_statistics(std::uint32_t interface,
                                    std::chrono::nanoseconds since_unix_epoch,
                                    const Statistics& statistics) {
  assert(interface < interfaces_);
  begin_block(kInterfaceStatisticsBlock);
  ByteWriter writer(block_);
  writer.u32(interface);
  add_time(since_unix_epoch);
  const auto add_count = [this](std::uint16_t code, std::uint64_t count) {
    Bytes value;
    ByteWriter number(value);
    number.u32(static_cast<std::uint32_t>(count >> 32U));
    number.u32(static_cast<std::uint32_t>(count & 0xffffffffU));
    add_option(code, value);
  };
  add_count(kOptionReceived, statistics.received);
  add_count(kOptionDropped, statistics.dropped);
  add_option(kOptionEnd, ByteView());
  end_block();
}

}  // namespace pxeproof::trace
