#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/failure.h"
#include "cli/record_options.h"
#include "trace/boot_recorder.h"
#include "trace/pcapng_writer.h"
#include "trace/step_text.h"
#include "trace/steps.h"

namespace pxeproof::cli {

// One recording while it is made: frames come in, the chosen ones go to the file, and the boot is
// told as a story.
class Recording {
 public:
  // Its file is made with the first frame: a recording of nothing leaves what is there as it is.
  static Outcome<Recording> create(const RecordOptions& options);

  // A frame as captured, at its time and at its time of day.
  void on_frame(Instant at, std::chrono::nanoseconds since_unix_epoch, trace::LinkType link,
                ByteView octets, std::size_t original_size);

  trace::BootRecorder::State judge(Instant now) { return recorder_.judge(now); }

  // Tells what was held back, and writes what the capture itself lost.
  void finish(const trace::PcapngWriter::Statistics& statistics,
              std::chrono::nanoseconds since_unix_epoch);

  const trace::BootRecorder& recorder() const { return recorder_; }
  const std::optional<trace::CaptureError>& error() const {
    return writer_ ? writer_->error() : error_;
  }

 private:
  explicit Recording(const RecordOptions& options)
      : options_(options), recorder_(options.recorder) {}
  Outcome<void> open_output();
  // The last of what was written.
  std::optional<trace::BootRecorder::Recorded> write();
  void tell(const trace::BootRecorder::Recorded& frame);
  std::uint32_t interface_of(trace::LinkType link);

  const RecordOptions& options_;
  std::optional<trace::PcapngWriter> writer_;
  std::optional<trace::CaptureError> error_;  // why there is no writer
  trace::BootRecorder recorder_;
  std::map<trace::LinkType, std::uint32_t> interfaces_;
  Duration to_wall_clock_{0};  // what added to an Instant gives the time of day
  trace::LinkLayer link_layer_;
  std::uint32_t frames_ = 0;
  std::optional<trace::StepReader> steps_;
  std::optional<trace::StoryText> story_;
};

}  // namespace pxeproof::cli
