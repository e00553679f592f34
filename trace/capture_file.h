#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "protocol/bytes.h"
#include "protocol/result.h"
#include "trace/captured_frame.h"

namespace pxeproof::trace {

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

  // The first failure to write, such as a full disk; nullopt when all is on its way to the disk.
  const std::optional<CaptureError>& error() const { return error_; }

 private:
  struct File;
  PcapWriter(std::unique_ptr<File> file, std::string name);
  std::unique_ptr<File> file_;
  std::string name_;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace
