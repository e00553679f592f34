#include "cli/fleet_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace pxeproof::cli {

namespace {

constexpr double kFirstMachines = 25;
constexpr double kFirstRate = 10;
constexpr double kMostMachines = 100'000;
constexpr double kHighestRate = 20'000;
constexpr double kSecondsPerRate = 10;  // how long each rate is held
constexpr double kPrecision = 0.05;

std::string_view unit(const FleetOptions& options) {
  return searches_rate(options) ? "machines per second" : "machines";
}

}  // namespace

bool searches_rate(const FleetOptions& options) {
  return std::holds_alternative<rom::SteadyRate>(options.arrivals);
}

FleetTrial trial_of(const FleetOptions& options, const FleetResult& result) {
  const FleetThreshold& wanted = *options.find_limit;
  FleetTrial trial;
  trial.load = searches_rate(options) ? std::get<rom::SteadyRate>(options.arrivals).per_second
                                      : static_cast<double>(options.clients);
  const auto value = wanted.metric.measure(result.tally);
  // Times are of machines that booted: those that did not, or not yet, must not flatter them.
  const std::uint64_t unbooted = result.tally.planned - result.tally.booted;
  trial.holds = value && wanted.holds(*value) && unbooted == 0;
  trial.measured = value ? wanted.metric.name + " " + wanted.metric.text(*value)
                         : wanted.metric.name + " not measured";
  if (unbooted > 0) trial.measured += fmt::format(", {} did not boot", unbooted);
  FleetOptions asked = options;
  asked.thresholds = {wanted};
  trial.own_fault = unbooted > 0 ? result.own_fault() : own_fault(result, judge(asked, result));
  trial.stopped = result.stopped;
  FleetOptions judged = options;
  // Beside that nobody may fail, which options always say.
  judged.thresholds.push_back(wanted);
  if (const auto cause = find_cause(judged, result)) {
    trial.cause_name = cause->name;
    trial.cause = cause->why;
    trial.remedy = cause->remedy;
  }
  return trial;
}

std::string to_json(const FleetTrial& trial) {
  return nlohmann::json{{"load", trial.load},           {"holds", trial.holds},
                        {"measured", trial.measured},   {"stopped", trial.stopped},
                        {"own_fault", trial.own_fault}, {"cause_name", trial.cause_name},
                        {"cause", trial.cause},         {"remedy", trial.remedy}}
      .dump();
}

Outcome<FleetTrial> trial_from_json(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    FleetTrial trial;
    trial.load = json.at("load").get<double>();
    trial.holds = json.at("holds").get<bool>();
    trial.measured = json.at("measured").get<std::string>();
    trial.stopped = json.at("stopped").get<bool>();
    trial.own_fault = json.at("own_fault").get<std::string>();
    trial.cause_name = json.at("cause_name").get<std::string>();
    trial.cause = json.at("cause").get<std::string>();
    trial.remedy = json.at("remedy").get<std::string>();
    return trial;
  } catch (const nlohmann::json::exception& error) {
    return environment_failed(fmt::format("the trial's process left no result ({})", error.what()));
  }
}

FleetOptions with_load(const FleetOptions& options, double load) {
  FleetOptions changed = options;
  if (searches_rate(options)) {
    changed.arrivals = rom::SteadyRate{load};
    changed.arrivals_text = fmt::format("rate={:g}/s", load);
    const double seconds = options.duration ? to_seconds(*options.duration) : kSecondsPerRate;
    changed.clients = std::max<std::size_t>(1, static_cast<std::size_t>(load * seconds));
  } else {
    changed.clients = static_cast<std::size_t>(load);
  }
  // A trial need not wait for the last straggler once the answer is known.
  if (options.find_limit->metric.unit == FleetMetric::Unit::Time) {
    const Duration limit(static_cast<std::int64_t>(options.find_limit->limit));
    const std::vector<Duration> times =
        rom::power_on_times(changed.arrivals, changed.clients, changed.seed);
    changed.cut_off = times.back() + 2 * limit + std::chrono::seconds(5);
  }
  return changed;
}

Outcome<FleetLimit> find_limit(
    const FleetOptions& options,
    const std::function<Outcome<FleetTrial>(const FleetOptions& options)>& run,
    const std::function<void(const FleetTrial& trial)>& tell) {
  const bool is_rate = searches_rate(options);
  const double most = is_rate ? kHighestRate : kMostMachines;
  FleetLimit limit;
  double load = is_rate ? kFirstRate : kFirstMachines;
  if (options.first_clients) load = static_cast<double>(*options.first_clients);
  while (true) {
    auto trial = run(with_load(options, load));
    if (!trial) return fail(trial.error());
    if (trial->stopped) {
      limit.stopped = true;
      return limit;
    }
    limit.trials.push_back(*trial);
    tell(*trial);
    if (trial->holds && trial->own_fault.empty()) {
      limit.holds_at = std::max(limit.holds_at, load);
    } else {
      limit.fails_at = limit.fails_at == 0 ? load : std::min(limit.fails_at, load);
    }
    if (limit.fails_at == 0) {
      if (load >= most) return limit;
      load = std::min(load * 2, most);
      continue;
    }
    if (limit.fails_at - limit.holds_at <= std::max(1.0, kPrecision * limit.fails_at)) return limit;
    load = std::floor((limit.holds_at + limit.fails_at) / 2);
    if (load <= limit.holds_at || load < 1) return limit;
  }
}

std::string trial_text(const FleetOptions& options, const FleetTrial& trial) {
  const bool holds = trial.holds && trial.own_fault.empty();
  std::string text = fmt::format("{} {:>8g} {}: {}\n", holds ? "✓" : "✗", trial.load, unit(options),
                                 trial.measured);
  if (!trial.own_fault.empty()) text += "           " + trial.own_fault + "\n";
  if (!trial.cause.empty())
    text += fmt::format("           {}: {}\n", trial.cause_name, trial.cause);
  return text;
}

std::string limit_text(const FleetOptions& options, const FleetLimit& limit) {
  const std::string& wanted = options.find_limit->text;
  if (limit.stopped) {
    return fmt::format("stopped before the limit of {} was found{}{}\n", wanted,
                       limit.holds_at > 0
                           ? fmt::format("; it holds at {:g} {}", limit.holds_at, unit(options))
                           : "",
                       limit.fails_at > 0 ? fmt::format("; it fails at {:g}", limit.fails_at) : "");
  }
  if (limit.fails_at == 0) {
    return fmt::format("{} holds up to {:g} {}, the most that is tried\n", wanted, limit.holds_at,
                       unit(options));
  }
  std::string text = limit.holds_at == 0
                         ? fmt::format("{} does not hold at {:g} {}, the least that is tried\n",
                                       wanted, limit.fails_at, unit(options))
                         : fmt::format("{} holds at {:g} {} and fails at {:g}\n", wanted,
                                       limit.holds_at, unit(options), limit.fails_at);
  auto first = std::ranges::find(limit.trials, limit.fails_at, &FleetTrial::load);
  // So near the limit it may hardly show; what it was under more load says it as well.
  for (auto each = limit.trials.begin(); each != limit.trials.end(); ++each) {
    const bool is_clearer =
        first->own_fault.empty() && first->cause.empty() && !each->holds && !each->cause.empty();
    if (is_clearer) first = each;
  }
  if (!first->own_fault.empty()) {
    return text + "first limit: this machine as the generator: " + first->own_fault + "\n";
  }
  if (first->cause.empty())
    return text + "first limit: unknown; nothing that is counted names it\n";
  text += fmt::format("first limit: {}: {}\n", first->cause_name, first->cause);
  if (!first->remedy.empty()) text += fmt::format("try:   {}\n", first->remedy);
  return text;
}

}  // namespace pxeproof::cli
