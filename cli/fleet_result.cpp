#include "cli/fleet_result.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::cli {

namespace {

// A generator that is this late tells about itself, not about the server: beyond a millisecond and
// beyond a tenth of a median boot; where nothing booted, beyond what no ROM waits for an answer.
constexpr Duration kTolerableLateness = std::chrono::milliseconds(1);
constexpr int kTolerableShare = 10;
constexpr Duration kTolerableWithoutBoots = std::chrono::seconds(1);
// However slow the boots: a quarter of a second late, a ROM's shortest timer has run out twice.
constexpr Duration kTolerableTimer = std::chrono::milliseconds(250);
// So many may be late whatever their share: of a small fleet, one machine in a hundred is the
// latest, which a moment's pause of this machine decides.
constexpr double kFew = 3;

// A server that lives answers sooner.
constexpr Duration kPromptAnswer = std::chrono::seconds(1);
// No firmware repeats a question earlier: so long the loss of one holds a machine up.
constexpr Duration kFirstRepetition = std::chrono::milliseconds(100);

Duration typical_lateness(const rom::LatencyHistogram& lateness) {
  constexpr double kMost = 0.99;
  const auto count = static_cast<double>(std::max<std::uint64_t>(lateness.count(), 1));
  return lateness.percentile(std::clamp(1 - kFew / count, 0.5, kMost));
}

}  // namespace

std::string FleetResult::own_fault() const {
  if (harness.dropped > 0 || harness.refused > 0) {
    return fmt::format(
        "the generator lost packets ({} that arrived were read too late, {} could not be sent): no "
        "verdict about the server; give it fewer clients, a slower arrival or a faster machine",
        harness.dropped, harness.refused);
  }
  const Duration power_on = typical_lateness(tally.power_on_lateness);
  const Duration timers = typical_lateness(tally.timer_lateness);
  const Duration boot = tally.span(rom::Span::Boot).percentile(0.5);
  const Duration tolerable = tally.booted > 0 ? std::max(kTolerableLateness, boot / kTolerableShare)
                                              : kTolerableWithoutBoots;
  if (power_on > tolerable || timers > std::min(tolerable, kTolerableTimer)) {
    return fmt::format(
        "the generator fell behind (power-ons were {} late and timers {}, and a median boot takes "
        "{}): no verdict about the server; give it fewer clients or a slower arrival",
        duration_text(power_on), duration_text(timers),
        tally.booted > 0 ? duration_text(boot) : std::string("for ever"));
  }
  return {};
}

bool was_held_by_restart(const rom::FleetOutcome& outcome, Duration restart) {
  if (!outcome.wait) return false;
  const rom::FleetWait& wait = *outcome.wait;
  const Duration revival = restart + kRestartOutage;
  const bool is_owed =
      wait.from >= restart - kPromptAnswer && wait.from <= revival && wait.to >= restart;
  if (!is_owed) return false;
  if (outcome.booted) return wait.length() >= kFirstRepetition;
  // These go on from what the dead server had said; all others a new one answers as well.
  const bool needs_memory =
      wait.exchange == rom::Exchange::Request || wait.exchange == rom::Exchange::Block;
  return needs_memory || wait.last_asked <= revival;
}

std::vector<ThresholdVerdict> judge(const FleetOptions& options, const FleetResult& result) {
  std::vector<ThresholdVerdict> verdicts;
  for (const FleetThreshold& threshold : options.thresholds) {
    ThresholdVerdict verdict{threshold, threshold.metric.measure(result.tally)};
    verdict.holds = verdict.measured && threshold.holds(*verdict.measured);
    if (!verdict.holds && verdict.measured && threshold.metric.is_latency()) {
      const auto late =
          static_cast<double>(result.tally.power_on_lateness.percentile(0.99).count());
      verdict.is_undecided = late > kTolerableLateness.count() &&
                             threshold.holds(std::max(0.0, *verdict.measured - late));
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::string own_fault(const FleetResult& result, const std::vector<ThresholdVerdict>& verdicts) {
  std::string fault = result.own_fault();
  const bool fails = std::ranges::any_of(
      verdicts, [](const ThresholdVerdict& each) { return !each.holds && !each.is_undecided; });
  const auto undecided = std::ranges::find_if(verdicts, &ThresholdVerdict::is_undecided);
  if (!fault.empty() || fails || undecided == verdicts.end()) return fault;
  const FleetMetric& metric = undecided->threshold.metric;
  return fmt::format(
      "{} is {}, of which {} may be the generator's own: no verdict about the server; give it a "
      "slower arrival or a faster machine",
      metric.name, metric.text(*undecided->measured),
      duration_text(result.tally.power_on_lateness.percentile(0.99)));
}

ExitCode exit_code(const FleetResult& result, const std::vector<ThresholdVerdict>& verdicts) {
  if (result.tally.powered_on == 0) return ExitCode::NothingTested;
  if (!own_fault(result, verdicts).empty()) return ExitCode::EnvironmentFailed;
  const bool all_hold =
      std::ranges::all_of(verdicts, [](const ThresholdVerdict& each) { return each.holds; });
  // What was not seen to its end did not hold.
  const bool cut_short = (result.stopped || result.ran_out_of_time) && !result.tally.is_over();
  const bool is_sound = result.tally.files_missized == 0;
  return all_hold && is_sound && !cut_short ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

}  // namespace pxeproof::cli
