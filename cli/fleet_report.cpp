#include "cli/fleet_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kFailuresShown = 6;

std::string verdict_lines(const std::vector<ThresholdVerdict>& verdicts,
                          const FleetResult& result) {
  std::string text;
  for (const ThresholdVerdict& verdict : verdicts) {
    std::string seen = verdict.measured ? verdict.threshold.metric.text(*verdict.measured)
                                        : "nothing to measure it by";
    if (verdict.threshold.metric.counts_machines()) {
      seen += fmt::format(" of {}", result.tally.planned);
    }
    const char* const sign = verdict.holds ? "✓" : verdict.is_undecided ? "?" : "✗";
    text += fmt::format("{} {:<24} {}\n", sign, verdict.threshold.text, seen);
  }
  return text;
}

std::string span_lines(const rom::FleetTally& tally) {
  std::string text = fmt::format("{:<15}{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}\n", "phase", "n",
                                 "p50", "p90", "p99", "p99.9", "max", "resent");
  for (std::size_t i = 0; i < rom::kSpans; ++i) {
    const auto span = static_cast<rom::Span>(i);
    const rom::LatencyHistogram& histogram = tally.span(span);
    if (histogram.count() == 0 && tally.resent_in(span) == 0) continue;
    const std::uint64_t resent = tally.resent_in(span);
    const auto at = [&histogram](double share) {
      return histogram.count() == 0 ? std::string("-") : duration_text(histogram.percentile(share));
    };
    text += fmt::format("{:<15}{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}{}\n", rom::title_of(span),
                        histogram.count(), at(0.5), at(0.9), at(0.99), at(0.999), at(1), resent,
                        span == rom::Span::Boot ? "  from the planned power-on" : "");
  }
  return text;
}

std::string ledger_lines(const FleetOptions& options, const FleetResult& result) {
  const bool has_cables =
      !options.links.empty() || std::holds_alternative<rom::SpanningTree>(options.arrivals);
  const bool has_wire = result.harness.has_wire;
  std::string text =
      fmt::format("{:<12}{:>10}{:>10}{:>11}", "ledger", "planned", "sent", "lost here");
  if (has_cables) text += fmt::format("{:>12}", "--link out");
  if (has_wire) text += fmt::format("{:>16}{:>10}", "on server wire", "answered");
  if (has_cables) text += fmt::format("{:>11}", "--link in");
  text += fmt::format("{:>10}{:>10}\n", "received", "used");
  for (std::size_t i = 0; i < rom::kExchanges; ++i) {
    const auto exchange = static_cast<rom::Exchange>(i);
    const rom::LedgerRow& row = result.tally.ledger.row(exchange);
    if (row.asked == 0 && row.received == 0) continue;
    text += fmt::format("  {:<10}{:>10}{:>10}{:>11}", rom::to_string(exchange), row.planned,
                        row.asked, row.refused);
    if (has_cables) text += fmt::format("{:>12}", row.lost_on_cable);
    if (has_wire) text += fmt::format("{:>16}{:>10}", row.reached, row.answered);
    if (has_cables) text += fmt::format("{:>11}", row.answers_lost_on_cable);
    text += fmt::format("{:>10}{:>10}\n", row.received, row.used);
  }
  return text;
}

std::string generator_line(const FleetOptions& options, const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  const Duration span = tally.last_power_on - tally.first_power_on;
  std::string text;
  if (span > std::chrono::milliseconds(100) && tally.powered_on > 1) {
    text += fmt::format("powered on {:.1f}/s over {}; ",
                        static_cast<double>(tally.powered_on - 1) / to_seconds(span),
                        duration_text(span));
  } else {
    text += fmt::format("powered on {} at once; ", tally.powered_on);
  }
  // In virtual time the server's work takes none of it, and the rate says nothing.
  const bool is_real = options.time == FleetOptions::Time::Real;
  if (is_real && tally.booted > 0 && tally.last_end > tally.first_power_on) {
    text += fmt::format("booted {:.1f}/s; ", static_cast<double>(tally.booted) /
                                                 to_seconds(tally.last_end - tally.first_power_on));
  }
  text += fmt::format("generator late p99 {} (power-on), {} (timers), lost {} packets{}\n",
                      duration_text(tally.power_on_lateness.percentile(0.99)),
                      duration_text(tally.timer_lateness.percentile(0.99)),
                      result.harness.refused + result.harness.dropped,
                      result.own_fault().empty() ? " (ok)" : "");
  return text;
}

std::string failure_lines(const FleetResult& result) {
  if (result.tally.failures.empty()) return {};
  std::vector<std::pair<rom::FailureKind, rom::FailureCount>> failures(
      result.tally.failures.begin(), result.tally.failures.end());
  std::ranges::stable_sort(failures, [](const auto& left, const auto& right) {
    return left.second.count > right.second.count;
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(failures.size(), kFailuresShown); ++i) {
    const auto& [kind, count] = failures[i];
    text += fmt::format("failed {:>6}  before {}: {}\n", count.count, rom::to_string(kind.phase),
                        printable(kind.reason));
  }
  if (failures.size() > kFailuresShown) {
    text += fmt::format("failed         and {} other reasons (--json has them all)\n",
                        failures.size() - kFailuresShown);
  }
  return text;
}

// What a newcomer is to make of a run that did not go well.
std::string last_lines(const FleetOptions& options, const FleetResult& result,
                       const std::vector<ThresholdVerdict>& verdicts) {
  const ExitCode code = exit_code(result, verdicts);
  if (code == ExitCode::AsExpected) return {};
  std::string expected;
  std::string seen;
  if (code == ExitCode::NothingTested) {
    expected = "one machine at least to be powered on";
    seen = "none";
  } else if (code == ExitCode::EnvironmentFailed) {
    expected = "a generator that keeps up and loses nothing of its own";
    seen = own_fault(result, verdicts);
  } else {
    for (const ThresholdVerdict& verdict : verdicts) {
      if (verdict.holds) continue;
      expected += (expected.empty() ? "" : ", ") + verdict.threshold.text;
      seen += (seen.empty() ? "" : ", ") +
              (verdict.measured ? verdict.threshold.metric.name + " is " +
                                      verdict.threshold.metric.text(*verdict.measured)
                                : verdict.threshold.metric.name + " was never measured");
    }
    if (result.tally.files_missized > 0) {
      expected += std::string(expected.empty() ? "" : ", ") + "files of the size that is named";
      seen += fmt::format("{}{} of another size", seen.empty() ? "" : ", ",
                          result.tally.files_missized);
    }
    if (result.stopped || result.ran_out_of_time) {
      expected += std::string(expected.empty() ? "" : ", ") + "every machine to end by itself";
      const rom::FleetTally& tally = result.tally;
      const std::uint64_t left = tally.powered_on - tally.booted - tally.failed;
      const auto add = [&seen](std::uint64_t machines, std::string_view what) {
        if (machines > 0) seen += fmt::format("{}{} {}", seen.empty() ? "" : ", ", machines, what);
      };
      add(left, "had not ended when the run did");
      add(tally.planned - tally.powered_on, "were never powered on");
    }
  }
  return fmt::format("  expected  {}\n  seen      {}\n  again     {}\n", expected, seen,
                     options.again());
}

}  // namespace

std::string fleet_report_text(const FleetOptions& options, const FleetResult& result) {
  const std::vector<ThresholdVerdict> verdicts = judge(options, result);
  const rom::FleetTally& tally = result.tally;
  std::string text = verdict_lines(verdicts, result);
  const std::uint64_t left = tally.powered_on - tally.booted - tally.failed;
  const std::uint64_t waiting = tally.planned - tally.powered_on;
  text += fmt::format(
      "{} of {} booted, {} failed{}{}; {} files compared octet by octet{}, {:.1f} MiB\n",
      tally.booted, tally.planned, tally.failed,
      left > 0 ? fmt::format(", {} not ended", left) : std::string(),
      waiting > 0 ? fmt::format(", {} never powered on", waiting) : std::string(),
      tally.files_checked,
      tally.files_unchecked > 0 ? fmt::format(" ({} could not be)", tally.files_unchecked)
                                : std::string(),
      static_cast<double>(tally.octets) / (1024.0 * 1024.0));
  if (tally.files_missized > 0) {
    text += fmt::format("✗ {} files were not of the size that the server had named (tsize)\n",
                        tally.files_missized);
  }
  if (const std::size_t left_out = result.left_out; left_out > 0) {
    text += fmt::format("{} more were to arrive after --duration, and were never powered on\n",
                        left_out);
  }
  text += span_lines(tally) + generator_line(options, result) + ledger_lines(options, result);
  if (options.histogram) text += fleet_histogram_text(tally.span(rom::Span::Boot));
  text += failure_lines(result);
  for (const KeptBoot& kept : result.kept) {
    text += fmt::format("kept   {}: {} {}\n", kept.file, kept.mac, printable(kept.reason));
    for (const std::string& line : kept.words) text += "       " + line + "\n";
  }
  if (options.verbosity > 0) {
    for (const std::string& line : result.server_words) text += printable(line) + "\n";
  }
  if (const auto cause = find_cause(options, result)) {
    // Of a generator that fell behind, no evidence against the server is sure.
    const bool is_sure = own_fault(result, verdicts).empty();
    text += fmt::format("{} {}\n", is_sure ? "why:  " : "maybe:", cause->why);
    if (!cause->remedy.empty()) text += fmt::format("try:   {}\n", cause->remedy);
  }
  return text + last_lines(options, result, verdicts);
}

std::string fleet_histogram_text(const rom::LatencyHistogram& histogram) {
  constexpr std::size_t kRows = 16;
  constexpr std::size_t kWidth = 50;
  if (histogram.count() == 0) return {};
  const Duration low = histogram.minimum();
  const Duration step =
      std::max((histogram.maximum() - low) / static_cast<std::int64_t>(kRows), Duration{1000});
  std::array<std::uint64_t, kRows> rows{};
  for (const rom::LatencyHistogram::Class& each : histogram.classes()) {
    const auto row = static_cast<std::size_t>(std::max(each.from - low, Duration{}) / step);
    rows[std::min(row, kRows - 1)] += each.count;
  }
  const std::uint64_t most = *std::ranges::max_element(rows);
  std::string text;
  for (std::size_t i = 0; i < kRows; ++i) {
    const auto width =
        static_cast<std::size_t>(static_cast<double>(rows[i]) * kWidth / static_cast<double>(most));
    text +=
        fmt::format("{:>10} {:>8} {}\n", duration_text(low + step * static_cast<std::int64_t>(i)),
                    rows[i], std::string(width, '#'));
  }
  return text;
}

}  // namespace pxeproof::cli
