#include "cli/fleet_result.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::cli {

namespace {

// A generator that starts its machines this late tells about itself, not about the server: beyond
// a millisecond and beyond a tenth of a median boot.
constexpr Duration kTolerableLateness = std::chrono::milliseconds(1);
constexpr int kTolerableShare = 10;

}  // namespace

std::string FleetResult::own_fault() const {
  if (harness.dropped > 0 || harness.refused > 0) {
    return fmt::format(
        "the generator lost packets ({} that arrived were read too late, {} could not be sent): no "
        "verdict about the server; give it fewer clients, a slower arrival or a faster machine",
        harness.dropped, harness.refused);
  }
  const Duration late = tally.power_on_lateness.percentile(0.99);
  const Duration boot = tally.span(rom::Span::Boot).percentile(0.5);
  // Where nothing booted, a late start is not why.
  if (tally.booted > 0 && late > kTolerableLateness && late > boot / kTolerableShare) {
    return fmt::format(
        "the generator fell behind (one machine in a hundred was powered on {} late, a median boot "
        "takes {}): no verdict about the server; give it fewer clients or a slower arrival",
        duration_text(late), duration_text(boot));
  }
  return {};
}

std::vector<ThresholdVerdict> judge(const FleetOptions& options, const FleetResult& result) {
  std::vector<ThresholdVerdict> verdicts;
  for (const FleetThreshold& threshold : options.thresholds) {
    ThresholdVerdict verdict{threshold, threshold.metric.measure(result.tally), false};
    verdict.holds = verdict.measured && threshold.holds(*verdict.measured);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

ExitCode exit_code(const FleetResult& result, const std::vector<ThresholdVerdict>& verdicts) {
  if (result.tally.powered_on == 0) return ExitCode::NothingTested;
  if (!result.own_fault().empty()) return ExitCode::EnvironmentFailed;
  const bool all_hold =
      std::ranges::all_of(verdicts, [](const ThresholdVerdict& each) { return each.holds; });
  // What was not seen to its end did not hold.
  const bool cut_short = (result.stopped || result.ran_out_of_time) && !result.tally.is_over();
  return all_hold && !cut_short ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

}  // namespace pxeproof::cli
