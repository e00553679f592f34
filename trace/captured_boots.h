#pragma once

#include <optional>
#include <string>

#include "protocol/result.h"
#include "trace/boot_grouper.h"
#include "trace/capture_reader.h"

namespace pxeproof::trace {

// Who takes the boots of a capture.
class BootSink {
 public:
  BootSink() = default;
  BootSink(const BootSink&) = delete;
  BootSink& operator=(const BootSink&) = delete;
  virtual ~BootSink() = default;

  // The file is read from its first frame: boots that were taken before are forgotten.
  virtual void begin() = 0;
  virtual void on_boot(Boot boot) = 0;
};

// What a capture told beside its boots.
struct GroupedCapture {
  CaptureTotals totals;
  CaptureReader::Counts counts;
  std::uint64_t moved = 0;                // frames that stood behind later ones, and were sorted
  std::optional<CaptureError> damage;     // the file ends in the middle
  std::optional<CaptureError> nothing{};  // nothing in it could be read
};

// Reads a capture and hands over its boots. A file is read in its own order, which costs nothing;
// when a frame that may be a boot's stands behind a later one, it is read anew and its frames are
// put in order of time (trace/time_order.h). A pipe can be read once: that order is kept from the
// start. "-" is standard input.
Result<GroupedCapture, CaptureError> group_capture(const std::string& path, BootSink& sink);

}  // namespace pxeproof::trace
