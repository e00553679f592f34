#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/result.h"
#include "protocol/time.h"

namespace pxeproof::trace {

// Why a capture file cannot be read or written.
struct CaptureError {
  std::string message;  // "boot.pcap: what is wrong, and what to do"
};

// One frame of a capture.
struct CapturedFrame {
  Instant at;  // since the epoch of whoever captured
  std::uint32_t original_size =
      0;  // octets on the wire; more than octets.size() when the capture cut it
  Bytes octets;
};

// Writes frames as classic pcap with nanosecond times, through libpcap. Every frame is flushed: a
// capture of a process that was killed is still whole.
class PcapWriter {
 public:
  static Result<PcapWriter, CaptureError> create(const std::string& path);
  PcapWriter(PcapWriter&&) noexcept;
  PcapWriter& operator=(PcapWriter&&) noexcept;
  ~PcapWriter();

  // The frame at its time after the Unix epoch.
  void write(std::chrono::nanoseconds since_unix_epoch, ByteView frame);

 private:
  struct File;
  explicit PcapWriter(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

// Reads a classic pcap file of Ethernet frames, one at a time.
class PcapReader {
 public:
  static Result<PcapReader, CaptureError> open(const std::string& path);
  PcapReader(PcapReader&&) noexcept;
  PcapReader& operator=(PcapReader&&) noexcept;
  ~PcapReader();

  // The next frame; nullopt at the end, after which error() tells whether the file was whole.
  std::optional<CapturedFrame> next();
  const std::optional<CaptureError>& error() const { return error_; }

 private:
  struct File;
  explicit PcapReader(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace
