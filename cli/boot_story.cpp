#include "cli/boot_story.h"

#include <fmt/format.h>

#include "trace/packet_text.h"

namespace pxeproof::cli {

BootStory::BootStory(BootStoryOptions options, std::optional<trace::PcapWriter> capture)
    : options_(std::move(options)), capture_(std::move(capture)), reader_(options_.client) {}

Duration BootStory::duration() const { return begun_ ? last_ - *begun_ : Duration{}; }

void BootStory::print(const std::vector<std::string>& lines) const {
  if (options_.output == Output::Nowhere) return;
  for (const std::string& line : lines) fmt::print("{}\n", line);
  if (!lines.empty()) std::fflush(stdout);
}

void BootStory::tell_packet(Instant when, ByteView frame) const {
  const std::string text = trace::describe_packet(frame);
  if (text.empty()) return;
  print({fmt::format("{:8.3f}    #{} {}", to_seconds(when - *begun_), frames_, text)});
  if (options_.verbosity > 1) {
    std::string dump = trace::hex_dump(frame, "            ");
    dump.pop_back();
    print({dump});
  }
}

void BootStory::on_frame(Instant when, live::Direction /*direction*/, ByteView frame) {
  if (!begun_) {
    begun_ = when;
    text_.emplace(when);
  }
  last_ = when;
  ++frames_;
  if (capture_) capture_->write(std::chrono::nanoseconds(wall_clock_.nanoseconds(when)), frame);
  reader_.on_frame(frames_, when, frame);
  if (options_.verbosity > 0) tell_packet(when, frame);
  tell_steps();
}

void BootStory::tell_steps() {
  while (auto step = reader_.poll_step()) {
    std::string remark;
    if (const auto* transfer = std::get_if<trace::TransferStep>(&step->what);
        transfer != nullptr && options_.remark) {
      remark = options_.remark(*transfer);
    }
    print(text_->on_step(*step, remark));
    steps_.push_back(std::move(*step));
  }
}

Outcome<void> BootStory::finish() {
  reader_.finish();
  if (text_) {
    tell_steps();
    print(text_->finish());
  }
  if (capture_ && capture_->error()) {
    return environment_failed("--save: " + capture_->error()->message);
  }
  return {};
}

}  // namespace pxeproof::cli
