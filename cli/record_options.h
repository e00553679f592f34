#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/arguments.h"
#include "trace/boot_recorder.h"

namespace pxeproof::cli {

// What `pxeproof record` was asked for.
struct RecordOptions {
  std::string interface;  // one of the two is given
  std::string from;       // a capture to choose from; "-" is standard input
  std::string output = "boot.pcapng";
  enum class Overwrite { No, Yes } overwrite = Overwrite::No;
  bool until_booted = true;
  bool until_stalled = true;
  std::optional<Duration> until_time{};
  enum class Until { Default, Asked } until = Until::Default;  // a file is read whole by default
  trace::BootRecorder::Options recorder{};
  std::string json;
  enum class Purpose { Explanation, Case } purpose = Purpose::Explanation;
  std::string again;  // the command line

  bool is_told() const { return output != "-" && json != "-"; }
};

const Syntax& record_syntax();

Outcome<RecordOptions> read_record_options(const Arguments& arguments,
                                           std::span<const std::string> words);

}  // namespace pxeproof::cli
