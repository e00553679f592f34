#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "live/frame_observer.h"
#include "live/monotonic_clock.h"
#include "protocol/addresses.h"
#include "protocol/time.h"
#include "trace/capture_file.h"
#include "trace/step_text.h"
#include "trace/steps.h"

namespace pxeproof::cli {

// Where the lines of a story go.
enum class Output { Terminal, Nowhere };

struct BootStoryOptions {
  std::optional<MacAddress> client;  // nullopt: everybody's packets
  int verbosity = 0;                 // 1: each packet; 2: and its octets
  Output output = Output::Terminal;
  // What to say behind a file that came whole; empty: nothing. For comparing with the server's
  // tree.
  std::function<std::string(const trace::TransferStep&)> remark;
};

// Watches the frames of one boot, tells them as a story while they pass, saves them, and keeps the
// steps for a report. The same for a simulated ROM and for a real one: it sees packets only.
class BootStory : public live::FrameObserver {
 public:
  BootStory(BootStoryOptions options, std::optional<trace::PcapWriter> capture);

  void on_frame(Instant when, live::Direction direction, ByteView frame) override;

  // Says what is left: transfers that never ended, names that were not found. Fails when the
  // capture could not be written, as on a full disk.
  Outcome<void> finish();

  const std::vector<trace::Step>& steps() const { return steps_; }

  // The time from the first frame to the last; zero before there are two.
  Duration duration() const;
  std::uint32_t frames() const { return frames_; }
  // When the first frame passed; nullopt before it.
  std::optional<Instant> begun() const { return begun_; }

 private:
  void tell_packet(Instant when, ByteView frame) const;
  void tell_steps();
  void print(const std::vector<std::string>& lines) const;

  BootStoryOptions options_;
  std::optional<trace::PcapWriter> capture_;
  live::WallClock wall_clock_;
  trace::StepReader reader_;
  std::optional<trace::StoryText> text_;
  std::vector<trace::Step> steps_;
  std::optional<Instant> begun_;
  Instant last_;
  std::uint32_t frames_ = 0;
};

}  // namespace pxeproof::cli
