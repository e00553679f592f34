#include "cli/fleet_metric.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cli/arguments.h"

namespace pxeproof::cli {

namespace {

using Unit = FleetMetric::Unit;
using What = FleetMetric::What;

struct Percentile {
  std::string_view name;
  double share;
};
constexpr std::array kPercentiles{Percentile{"p50", 0.5},  Percentile{"p75", 0.75},
                                  Percentile{"p90", 0.9},  Percentile{"p95", 0.95},
                                  Percentile{"p99", 0.99}, Percentile{"p99.9", 0.999}};

struct OperatorName {
  std::string_view text;
  FleetThreshold::Operator comparison;
};
// The longer ones first: "<" would be found in "<=".
constexpr std::array kOperators{
    OperatorName{"<=", FleetThreshold::Operator::LessOrEqual},
    OperatorName{">=", FleetThreshold::Operator::GreaterOrEqual},
    OperatorName{"==", FleetThreshold::Operator::Equal},
    OperatorName{"<", FleetThreshold::Operator::Less},
    OperatorName{">", FleetThreshold::Operator::Greater},
};

struct TimeUnit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array kTimeUnits{TimeUnit{"ns", 1},    TimeUnit{"us", 1e3}, TimeUnit{"ms", 1e6},
                                TimeUnit{"s", 1e9},   TimeUnit{"m", 60e9}, TimeUnit{"min", 60e9},
                                TimeUnit{"h", 3600e9}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// A number at the start of a text, and what follows it.
struct Number {
  double value;
  std::string_view rest;
};
std::optional<Number> read_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  return Number{value, text.substr(static_cast<std::size_t>(end - text.data()))};
}

Outcome<FleetMetric> find_metric(std::string_view option, std::string_view name) {
  std::vector<std::string> names;
  for (FleetMetric& metric : fleet_metrics()) {
    if (metric.name == name) return std::move(metric);
    names.push_back(metric.name);
  }
  // Those that begin alike come before those that are spelt alike.
  std::vector<std::string> near;
  for (const std::string& known : names) {
    if (known.starts_with(name)) near.push_back(known);
  }
  if (const auto nearest_name = nearest(name, names); near.empty() && nearest_name) {
    near.push_back(*nearest_name);
  }
  std::string suggestion;
  for (std::size_t i = 0; i < std::min<std::size_t>(near.size(), 3); ++i) {
    suggestion += (i == 0 ? "; did you mean " : ", ") + near[i];
  }
  if (suggestion.empty()) {
    suggestion = "; metrics are boot.p99, offer.p50, nbp.max, boot.failed, boot.rate and such";
  } else {
    suggestion += "?";
  }
  return wrong_usage(fmt::format("{}: unknown metric \"{}\"{}", option, name, suggestion));
}

}  // namespace

std::vector<FleetMetric> fleet_metrics() {
  std::vector<FleetMetric> metrics;
  for (std::size_t i = 0; i < rom::kSpans; ++i) {
    const auto span = static_cast<rom::Span>(i);
    const std::string prefix = std::string(rom::to_string(span)) + ".";
    for (const Percentile& each : kPercentiles) {
      metrics.push_back(
          {prefix + std::string(each.name), Unit::Time, What::Percentile, span, each.share});
    }
    metrics.push_back({prefix + "min", Unit::Time, What::Minimum, span, 0});
    metrics.push_back({prefix + "mean", Unit::Time, What::Mean, span, 0});
    metrics.push_back({prefix + "max", Unit::Time, What::Maximum, span, 0});
    metrics.push_back({prefix + "resent", Unit::Count, What::Resent, span, 0});
    metrics.push_back({prefix + "count", Unit::Count, What::Counted, span, 0});
  }
  metrics.push_back({"boot.failed", Unit::Count, What::Failed, rom::Span::Boot, 0});
  metrics.push_back({"boot.booted", Unit::Count, What::Booted, rom::Span::Boot, 0});
  metrics.push_back({"boot.rate", Unit::Rate, What::Rate, rom::Span::Boot, 0});
  for (const Percentile& each : kPercentiles) {
    metrics.push_back(
        {"late." + std::string(each.name), Unit::Time, What::Late, rom::Span::Boot, each.share});
  }
  return metrics;
}

std::optional<double> FleetMetric::measure(const rom::FleetTally& tally) const {
  const rom::LatencyHistogram& histogram = tally.span(span);
  const auto timed = [&histogram](Duration duration) -> std::optional<double> {
    if (histogram.count() == 0) return std::nullopt;
    return static_cast<double>(duration.count());
  };
  switch (what) {
    case What::Percentile:
      return timed(histogram.percentile(share));
    case What::Minimum:
      return timed(histogram.minimum());
    case What::Mean:
      return timed(histogram.mean());
    case What::Maximum:
      return timed(histogram.maximum());
    case What::Resent:
      return static_cast<double>(tally.resent_in(span));
    case What::Counted:
      return static_cast<double>(histogram.count());
    case What::Failed:
      return static_cast<double>(tally.failed);
    case What::Booted:
      return static_cast<double>(tally.booted);
    case What::Rate: {
      const double seconds = to_seconds(tally.last_end - tally.first_power_on);
      if (seconds <= 0) return std::nullopt;
      return static_cast<double>(tally.booted) / seconds;
    }
    case What::Late:
      if (tally.power_on_lateness.count() == 0) return std::nullopt;
      return static_cast<double>(tally.power_on_lateness.percentile(share).count());
  }
  return std::nullopt;
}

std::string FleetMetric::text(double value) const {
  switch (unit) {
    case Unit::Time:
      return duration_text(Duration(std::llround(value)));
    case Unit::Count:
      return fmt::format("{:.0f}", value);
    case Unit::Rate:
      return fmt::format("{:.1f}/s", value);
  }
  return {};
}

bool FleetThreshold::holds(double value) const {
  switch (comparison) {
    case Operator::Less:
      return value < limit;
    case Operator::LessOrEqual:
      return value <= limit;
    case Operator::Greater:
      return value > limit;
    case Operator::GreaterOrEqual:
      return value >= limit;
    case Operator::Equal:
      return value == limit;
  }
  return false;
}

Outcome<FleetThreshold> parse_threshold(std::string_view option, std::string_view text) {
  for (const OperatorName& each : kOperators) {
    const std::size_t at = text.find(each.text);
    if (at == std::string_view::npos) continue;
    auto metric = find_metric(option, trimmed(text.substr(0, at)));
    if (!metric) return fail(metric.error());
    FleetThreshold threshold{std::move(*metric), each.comparison, 0, std::string(text)};
    const std::string_view limit = trimmed(text.substr(at + each.text.size()));
    if (threshold.metric.unit == Unit::Time) {
      const auto duration = parse_duration(option, limit);
      if (!duration) return fail(duration.error());
      threshold.limit = static_cast<double>(duration->count());
      return threshold;
    }
    const auto number = read_number(limit);
    if (!number || (!number->rest.empty() && number->rest != "/s")) {
      return wrong_usage(fmt::format("{}: '{}' needs a number behind {}", option, text, each.text));
    }
    threshold.limit = number->value;
    return threshold;
  }
  return wrong_usage(fmt::format(
      "{}: '{}' compares nothing; write it like boot.p99<10s or boot.failed==0", option, text));
}

Outcome<Duration> parse_duration(std::string_view option, std::string_view text) {
  const auto number = read_number(text);
  if (number) {
    const auto* const unit = std::ranges::find(kTimeUnits, number->rest, &TimeUnit::name);
    const double nanoseconds = unit == kTimeUnits.end() ? -1 : number->value * unit->nanoseconds;
    if (nanoseconds >= 0 && nanoseconds < 1e18) return Duration(std::llround(nanoseconds));
  }
  return wrong_usage(
      fmt::format("{}: '{}' is no duration; write it like 150ms, 2s or 5m", option, text));
}

std::string duration_text(Duration duration) {
  const auto scaled = [duration](double unit, std::string_view name) {
    const double value = static_cast<double>(duration.count()) / unit;
    const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return fmt::format("{:.{}f} {}", value, decimals, name);
  };
  if (duration == Duration{}) return "0";
  if (duration < std::chrono::milliseconds(1)) return scaled(1e3, "us");
  if (duration < std::chrono::seconds(1)) return scaled(1e6, "ms");
  return scaled(1e9, "s");
}

}  // namespace pxeproof::cli
