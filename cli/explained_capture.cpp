#include "cli/explained_capture.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/profile.h"
#include "protocol/dhcp/client_options.h"
#include "trace/captured_boots.h"
#include "trace/second_card.h"

namespace pxeproof::cli {

namespace {

using firmware::Family;

// Keeps as many boots as the options allow.
class Collector : public trace::BootSink {
 public:
  Collector(ExplainedCapture& capture, const ExplainOptions& options)
      : capture_(capture), options_(options) {}

  void begin() override {
    capture_.boots.clear();
    capture_.more_boots = 0;
    capture_.more_faults = 0;
    steps_ = 0;
  }

  void on_boot(trace::Boot boot) override {
    const bool fits = capture_.boots.size() < options_.kept_boots &&
                      steps_ + boot.steps.size() <= options_.kept_steps;
    if (fits) {
      steps_ += boot.steps.size();
      capture_.boots.push_back(std::move(boot));
      return;
    }
    ++capture_.more_boots;
    const auto kind = boot.verdict.kind;
    if (kind == trace::BootVerdict::Kind::Stalled || kind == trace::BootVerdict::Kind::Refused) {
      ++capture_.more_faults;
    }
  }

 private:
  ExplainedCapture& capture_;
  const ExplainOptions& options_;
  std::size_t steps_ = 0;
};

void explain_all(ExplainedCapture& capture, const ExplainOptions& options) {
  std::ranges::sort(capture.boots, {}, [](const trace::Boot& boot) { return boot.number; });
  std::vector<trace::Boot*> all;
  for (trace::Boot& boot : capture.boots) all.push_back(&boot);
  trace::judge_second_cards(all);
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
  ExplainedCapture capture;
  capture.path = path;
  Collector collector(capture, options);
  const auto grouped = trace::group_capture(path, collector);
  if (!grouped) return wrong_usage(grouped.error().message);
  capture.totals = grouped->totals;
  capture.cut_frames = grouped->counts.cut;
  capture.foreign_frames = grouped->counts.foreign;
  capture.moved_frames = grouped->moved;
  if (grouped->damage) {
    if (capture.totals.frames == 0) return wrong_usage(grouped->damage->message);
    capture.damage = grouped->damage->message;
  }
  if (grouped->nothing) return wrong_usage(grouped->nothing->message);
  explain_all(capture, options);
  return capture;
}

std::string verify_command(const trace::Boot& boot, std::string_view until) {
  const std::vector<std::string_view> names = firmware::builtin_profile_names();
  const bool known = std::ranges::find(names, boot.firmware.profile) != names.end();
  const auto* architecture =
      boot.architecture ? dhcp::find_architecture(*boot.architecture) : nullptr;
  // A simulated ROM that boots by PXE would not see what UEFI's HTTP boot is answered.
  if (architecture != nullptr && architecture->name.ends_with("HTTP")) {
    return fmt::format("pxeproof record --interface IF --mac {}, and boot it again",
                       to_string(boot.mac));
  }
  std::string command = "pxeproof boot --interface IF";
  if (known) command += fmt::format(" --as {}", boot.firmware.profile);
  if (boot.architecture) command += fmt::format(" --arch {}", *boot.architecture);
  return command + fmt::format(" --until {}", until);
}

}  // namespace pxeproof::cli
