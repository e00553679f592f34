#include "cli/explained_capture.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/profile.h"
#include "trace/capture_reader.h"

namespace pxeproof::cli {

namespace {

using firmware::Family;

// Takes closed boots from the grouper and keeps as many as the options allow.
class Collector {
 public:
  Collector(ExplainedCapture& capture, const ExplainOptions& options)
      : capture_(capture), options_(options) {}

  void collect(trace::BootGrouper& grouper) {
    while (auto boot = grouper.poll_boot()) {
      const bool fits = capture_.boots.size() < options_.kept_boots &&
                        steps_ + boot->steps.size() <= options_.kept_steps;
      if (fits) {
        steps_ += boot->steps.size();
        capture_.boots.push_back(std::move(*boot));
        continue;
      }
      ++capture_.more_boots;
      const auto kind = boot->verdict.kind;
      if (kind == trace::BootVerdict::Kind::Stalled || kind == trace::BootVerdict::Kind::Refused) {
        ++capture_.more_faults;
      }
    }
  }

 private:
  ExplainedCapture& capture_;
  const ExplainOptions& options_;
  std::size_t steps_ = 0;
};

void explain_all(ExplainedCapture& capture, const ExplainOptions& options) {
  std::ranges::sort(capture.boots, {}, [](const trace::Boot& boot) { return boot.number; });
  trace::CaptureContext context;
  context.first = capture.totals.first;
  context.last = capture.totals.last;
  context.is_disordered = capture.totals.backward_frames > 0;
  for (const trace::Boot& boot : capture.boots) context.boots.push_back(&boot);
  for (const trace::Boot& boot : capture.boots) {
    const Family family = options.as.value_or(boot.firmware.family);
    capture.explanations.push_back(trace::explain_boot(boot, family, context));
  }
}

}  // namespace

bool ExplainedCapture::has_fault() const {
  if (more_faults > 0) return true;
  for (std::size_t at = 0; at < boots.size(); ++at) {
    if (explanations[at].is_fault(boots[at])) return true;
  }
  return false;
}

Outcome<ExplainedCapture> explain_capture(const std::string& path, const ExplainOptions& options) {
  auto reader = trace::CaptureReader::open(path);
  if (!reader) return wrong_usage(reader.error().message);
  ExplainedCapture capture;
  capture.path = path;
  trace::BootGrouper grouper;
  Collector collector(capture, options);
  while (const auto frame = reader->next()) {
    grouper.on_frame({.number = frame->number,
                      .at = frame->at,
                      .interface = frame->interface,
                      .octets = frame->octets});
    collector.collect(grouper);
  }
  grouper.finish();
  collector.collect(grouper);
  capture.totals = grouper.totals();
  capture.cut_frames = reader->counts().cut;
  capture.foreign_frames = reader->counts().foreign;
  if (const auto& error = reader->error()) {
    if (capture.totals.frames == 0) return wrong_usage(error->message);
    capture.damage = error->message;
  }
  if (const auto error = reader->nothing_readable()) return wrong_usage(error->message);
  explain_all(capture, options);
  return capture;
}

std::string verify_command(const trace::Boot& boot, std::string_view until) {
  const std::vector<std::string_view> names = firmware::builtin_profile_names();
  const bool known = std::ranges::find(names, boot.firmware.profile) != names.end();
  std::string command = "pxeproof boot --interface IF";
  if (known) command += fmt::format(" --as {}", boot.firmware.profile);
  if (boot.architecture) command += fmt::format(" --arch {}", *boot.architecture);
  return command + fmt::format(" --until {}", until);
}

}  // namespace pxeproof::cli
