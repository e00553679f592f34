#pragma once

#include <chrono>
#include <memory>
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

 private:
  struct File;
  explicit PcapWriter(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

}  // namespace pxeproof::trace
