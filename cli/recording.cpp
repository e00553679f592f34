#include "cli/recording.h"

#include <fmt/format.h>

#include <filesystem>

namespace pxeproof::cli {

Outcome<Recording> Recording::create(const RecordOptions& options) {
  std::error_code ignored;
  if (options.overwrite == RecordOptions::Overwrite::No &&
      std::filesystem::exists(options.output, ignored)) {
    return wrong_usage(
        fmt::format("{}: is there already; name another file with --output, or this "
                    "one to overwrite it",
                    options.output));
  }
  Recording recording(options);
  // Whoever reads standard output gets a capture, if an empty one.
  if (options.output == "-") {
    if (auto opened = recording.open_output(); !opened) return fail(opened.error());
  }
  return recording;
}

Outcome<void> Recording::open_output() {
  auto writer = trace::PcapngWriter::create(
      options_.output, {.comment = options_.recorder.anonymous_seed
                                       ? "a boot, recorded and made anonymous by pxeproof"
                                       : "a boot, recorded by pxeproof"});
  if (!writer) {
    error_ = writer.error();
    return wrong_usage("--output: " + writer.error().message);
  }
  writer_.emplace(std::move(*writer));
  return {};
}

std::uint32_t Recording::interface_of(trace::LinkType link) {
  const auto known = interfaces_.find(link);
  if (known != interfaces_.end()) return known->second;
  const std::string name = options_.recorder.anonymous_seed ? std::string() : options_.interface;
  return interfaces_.emplace(link, writer_->add_interface({.name = name, .link = link}))
      .first->second;
}

std::optional<trace::BootRecorder::Recorded> Recording::write() {
  std::optional<trace::BootRecorder::Recorded> last;
  while (auto frame = recorder_.poll_recorded()) {
    last = std::move(frame);
    if (error_ || (!writer_ && !open_output())) continue;
    writer_->write({.interface = interface_of(last->link),
                    .since_unix_epoch = last->at.time_since_epoch() + to_wall_clock_,
                    .octets = last->octets,
                    .original_size = last->original_size,
                    .comment = last->comment});
  }
  return last;
}

// What is told is what the file holds: when that is anonymous, so is the story.
void Recording::tell(const trace::BootRecorder::Recorded& frame) {
  if (!steps_) {
    steps_.emplace(recorder_.machine());
    story_.emplace(frame.at);
  }
  const trace::EthernetView view =
      link_layer_.as_ethernet(frame.link, frame.octets, frame.original_size);
  steps_->on_frame(++frames_, frame.at, view.octets);
  while (const auto step = steps_->poll_step()) {
    for (const std::string& line : story_->on_step(*step)) fmt::print("{}\n", line);
  }
  std::fflush(stdout);
}

void Recording::on_frame(Instant at, std::chrono::nanoseconds since_unix_epoch,
                         trace::LinkType link, ByteView octets, std::size_t original_size) {
  to_wall_clock_ = since_unix_epoch - at.time_since_epoch();
  recorder_.on_frame(at, link, octets, original_size);
  const auto written = write();
  if (written && options_.is_told()) tell(*written);
}

void Recording::finish(const trace::PcapngWriter::Statistics& statistics,
                       std::chrono::nanoseconds since_unix_epoch) {
  for (const auto& [link, interface] : interfaces_) {
    writer_->write_statistics(interface, since_unix_epoch, statistics);
  }
  if (!steps_) return;
  steps_->finish();
  while (const auto step = steps_->poll_step()) {
    for (const std::string& line : story_->on_step(*step)) fmt::print("{}\n", line);
  }
  for (const std::string& line : story_->finish()) fmt::print("{}\n", line);
}

}  // namespace pxeproof::cli
