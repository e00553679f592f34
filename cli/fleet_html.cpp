#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/fleet_report.h"
#include "trace/html_page.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kBars = 24;

std::string cell(const std::string& text) { return trace::html_text(text); }

std::string verdict_table(const std::vector<ThresholdVerdict>& verdicts) {
  trace::HtmlTable table{.caption = "Thresholds", .header = {"threshold", "measured", "holds"}};
  for (const ThresholdVerdict& verdict : verdicts) {
    table.rows.push_back(
        {.cells = {cell(verdict.threshold.text),
                   cell(verdict.measured ? verdict.threshold.metric.text(*verdict.measured)
                                         : "nothing to measure it by"),
                   verdict.holds ? "yes" : "no"},
         .style = verdict.holds ? "good" : "bad"});
  }
  return trace::html_table(table);
}

std::string span_table(const rom::FleetTally& tally) {
  trace::HtmlTable table{.caption = "Times; boot total counts from the planned power-on",
                         .header = {"phase", "n", "p50", "p90", "p99", "p99.9", "max", "resent"}};
  for (std::size_t i = 0; i < rom::kSpans; ++i) {
    const rom::LatencyHistogram& histogram = tally.spans[i];
    if (histogram.count() == 0) continue;
    trace::HtmlTable::Row row;
    row.cells = {cell(std::string(rom::title_of(static_cast<rom::Span>(i)))),
                 std::to_string(histogram.count())};
    for (const double share : {0.5, 0.9, 0.99, 0.999, 1.0}) {
      row.cells.push_back(cell(duration_text(histogram.percentile(share))));
    }
    row.cells.push_back(std::to_string(tally.resent_in(static_cast<rom::Span>(i))));
    table.rows.push_back(std::move(row));
  }
  return trace::html_table(table);
}

std::string ledger_table(const FleetResult& result) {
  trace::HtmlTable table{.caption = "Where packets went",
                         .header = {"question", "planned", "sent", "lost here", "lost by --link",
                                    "on server wire", "answered", "received", "used"}};
  for (std::size_t i = 0; i < rom::kExchanges; ++i) {
    const rom::LedgerRow& row = result.tally.ledger.rows[i];
    const auto wire = [&result](std::uint64_t count) {
      return result.harness.has_wire ? std::to_string(count) : std::string("not watched");
    };
    table.rows.push_back(
        {.cells = {cell(std::string(rom::to_string(static_cast<rom::Exchange>(i)))),
                   std::to_string(row.planned), std::to_string(row.asked),
                   std::to_string(row.refused),
                   std::to_string(row.lost_on_cable + row.answers_lost_on_cable), wire(row.reached),
                   wire(row.answered), std::to_string(row.received), std::to_string(row.used)}});
  }
  return trace::html_table(table);
}

std::string distribution(const rom::LatencyHistogram& histogram) {
  if (histogram.count() == 0) return "<p>No machine has booted.</p>";
  const Duration low = histogram.minimum();
  const Duration step =
      std::max((histogram.maximum() - low) / static_cast<std::int64_t>(kBars), Duration{1000});
  std::vector<std::uint64_t> counts(kBars);
  for (const rom::LatencyHistogram::Class& each : histogram.classes()) {
    const auto index = static_cast<std::size_t>(std::max(each.from - low, Duration{}) / step);
    counts[std::min(index, kBars - 1)] += each.count;
  }
  std::vector<trace::ChartBar> bars;
  for (std::size_t i = 0; i < kBars; ++i) {
    bars.push_back({.label = "from " + duration_text(low + step * static_cast<std::int64_t>(i)),
                    .length = static_cast<double>(counts[i]),
                    .value = std::to_string(counts[i])});
  }
  return trace::html_bars("Distribution of boot times", "machines", bars);
}

std::string phases_over_time(const FleetResult& result) {
  std::vector<trace::ChartLine> lines(8);
  const std::array<std::string, 8> names{"off",    "dhcp",    "4011",   "nbp",
                                         "config", "payload", "booted", "failed"};
  for (std::size_t i = 0; i < names.size(); ++i) lines[i].name = names[i];
  for (const FleetSample& sample : result.samples) {
    const double at = to_seconds(sample.at);
    lines[0].points.emplace_back(at, static_cast<double>(sample.waiting));
    for (std::size_t i = 0; i < sample.busy_with.size(); ++i) {
      lines[i + 1].points.emplace_back(at, static_cast<double>(sample.busy_with[i]));
    }
    lines[6].points.emplace_back(at, static_cast<double>(sample.booted));
    lines[7].points.emplace_back(at, static_cast<double>(sample.failed));
  }
  return trace::html_lines(
      {.title = "Machines by what they are busy with", .x = "seconds", .y = "machines"}, lines);
}

std::string_view arrow(rom::LadderStep::Way way) {
  switch (way) {
    case rom::LadderStep::Way::Out:
      return "→";
    case rom::LadderStep::Way::In:
      return "←";
    case rom::LadderStep::Way::Inside:
      return "·";
  }
  return {};
}

std::string ladder(const FleetOptions& options, const rom::FleetLadder& slow) {
  trace::HtmlTable table{.header = {"after power-on", "", "step"}};
  Duration before{};
  for (const rom::LadderStep& step : slow.steps) {
    const bool is_wait = step.at - before > std::chrono::milliseconds(500);
    table.rows.push_back(
        {.cells = {cell(duration_text(step.at)), std::string(arrow(step.way)), cell(step.text)},
         .style = is_wait ? "warn" : ""});
    before = step.at;
  }
  const rom::FleetNumbering numbering(options.seed);
  const std::string name = fmt::format("machine {}, {}: {}", slow.outcome.client,
                                       to_string(numbering.mac(slow.outcome.client)),
                                       duration_text(slow.outcome.ended - slow.outcome.planned));
  return trace::html_details({.id = fmt::format("slow-{}", slow.outcome.client),
                              .summary = cell(name),
                              .content = trace::html_table(table)});
}

std::string failure_table(const rom::FleetTally& tally) {
  trace::HtmlTable table{.caption = "Failures",
                         .header = {"machines", "before", "reason", "first machine"}};
  for (const auto& [kind, failure] : tally.failures) {
    table.rows.push_back(
        {.cells = {std::to_string(failure.count), cell(std::string(rom::to_string(kind.phase))),
                   cell(kind.reason), std::to_string(failure.first)},
         .style = "bad"});
  }
  return trace::html_table(table);
}

}  // namespace

std::string fleet_report_html(const FleetOptions& options, const FleetResult& result) {
  const std::vector<ThresholdVerdict> verdicts = judge(options, result);
  const rom::FleetTally& tally = result.tally;
  const bool is_good = exit_code(result, verdicts) == ExitCode::AsExpected;
  trace::HtmlPage page("pxeproof fleet");
  page.set_lead(options.again());
  page.set_verdict(
      fmt::format("{} of {} booted, {} failed", tally.booted, tally.planned, tally.failed),
      is_good ? "good" : "bad");
  std::string summary = verdict_table(verdicts);
  const std::string fault = own_fault(result, verdicts);
  if (!fault.empty()) summary += "<p>" + cell(fault) + "</p>";
  if (const auto cause = find_cause(options, result)) {
    summary += std::string("<p>") + (fault.empty() ? "" : "Maybe: ") + cell(cause->why) + "</p>";
    if (!cause->remedy.empty()) summary += "<p>Try: " + cell(cause->remedy) + "</p>";
  }
  page.add_section("summary", "Verdict", summary);
  page.add_section("times", "Times", span_table(tally) + distribution(tally.span(rom::Span::Boot)));
  page.add_section("phases", "Phases over time", phases_over_time(result));
  page.add_section("ledger", "Ledger", ledger_table(result));
  if (!tally.failures.empty()) page.add_section("failures", "Failures", failure_table(tally));
  if (!result.slowest.empty()) {
    std::string ladders;
    for (const rom::FleetLadder& slow : result.slowest) ladders += ladder(options, slow);
    page.add_section("slowest", "The slowest boots", ladders);
  }
  page.set_footer(fmt::format("pxeproof {}, seed {}", PXEPROOF_VERSION, options.seed));
  return page.render();
}

}  // namespace pxeproof::cli
