// Reads the JSON lines of a bench and prints one Markdown table per scenario: medians over the
// cleaner half of the runs (those in which others used least of the machine), and ratios against
// the cheapest bare program and against dnsmasq of the same scenario.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/settings.h"

namespace pxeproof::bench {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFewestRuns = 3;  // all are kept when there are no more

// All runs of one server in one scenario.
struct Row {
  std::string server;
  std::vector<Json> runs;
  std::size_t broken = 0;  // runs without a result
};
struct Scenario {
  std::string name;
  std::string kind;  // which columns
  std::vector<Row> rows;
};

using Value = std::function<double(const Json&)>;

double median(std::vector<double> values) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double median_of(const Row& row, const Value& value) {
  std::vector<double> values;
  for (const Json& run : row.runs) values.push_back(value(run));
  return median(std::move(values));
}

double result(const Json& run, const char* name) { return run["result"].value(name, 0.0); }

// Keeps the runs that were disturbed least.
void keep_cleaner_half(Row& row) {
  std::stable_sort(row.runs.begin(), row.runs.end(), [](const Json& left, const Json& right) {
    const auto disturbance = [](const Json& run) {
      return run.value("foreign", 0.0) + run.value("stolen", 0.0);
    };
    return disturbance(left) < disturbance(right);
  });
  const std::size_t kept = std::max(kFewestRuns, (row.runs.size() + 1) / 2);
  if (row.runs.size() > kept) row.runs.resize(kept);
}

template <typename Container, typename Name>
auto& find_or_add(Container& container, Name member, const std::string& name) {
  for (auto& item : container) {
    if (item.*member == name) return item;
  }
  auto& added = container.emplace_back();
  added.*member = name;
  return added;
}

std::vector<Scenario> read_runs() {
  std::vector<Scenario> scenarios;
  for (std::string text; std::getline(std::cin, text);) {
    Json run = Json::parse(text, nullptr, false);
    if (!run.is_object()) give_up("not a JSON line: " + text);
    if (!run.contains("scenario")) continue;
    Scenario& scenario = find_or_add(scenarios, &Scenario::name, run.value("scenario", ""));
    scenario.kind = run.value("kind", "");
    Row& row = find_or_add(scenario.rows, &Row::server, run.value("server", ""));
    if (run.value("ok", false)) {
      row.runs.push_back(std::move(run));
    } else {
      ++row.broken;
    }
  }
  return scenarios;
}

// A column of a table; the first of a kind is a cost, the second a speed or a size.
struct Column {
  std::string title;
  Value value;
  int decimals = 0;
};

// What the server was made to send: the octets of failed transfers cost as much as others.
double mebibytes(const Json& run) {
  return run["result"].value("octets_in_order", result(run, "octets")) / (1U << 20U);
}

std::vector<Column> columns_of(const std::string& kind) {
  const auto plain = [](const char* name) {
    return [name](const Json& run) { return result(run, name); };
  };
  if (kind == "dhcp") {
    return {{"server us/exchange",
             [](const Json& run) {
               return run.value("server_cpu_seconds", 0.0) * 1e6 / result(run, "exchanges");
             },
             1},
            {"exchanges/s", plain("per_second"), 0},
            {"lost %",
             [](const Json& run) {
               const double lost = result(run, "lost");
               return 100 * lost / std::max(lost + result(run, "exchanges"), 1.0);
             },
             2},
            {"p50 us", plain("p50_us"), 0},
            {"p99 us", plain("p99_us"), 0},
            {"load us/exchange",
             [](const Json& run) {
               return run.value("load_cpu_seconds", 0.0) * 1e6 / result(run, "exchanges");
             },
             1}};
  }
  if (kind == "memory") {
    return {{"KiB/transfer",
             [](const Json& run) {
               const double held = std::max(result(run, "held") + result(run, "whole"), 1.0);
               return (run.value("memory_most", 0.0) - run.value("memory_before", 0.0)) / held /
                      1024;
             },
             2},
            {"MiB before",
             [](const Json& run) { return run.value("memory_before", 0.0) / (1U << 20U); }, 1},
            {"MiB most",
             [](const Json& run) { return run.value("memory_most", 0.0) / (1U << 20U); }, 1},
            {"transfers",
             [](const Json& run) { return result(run, "held") + result(run, "whole"); }, 0},
            {"failed", plain("failed"), 0}};
  }
  return {
      {"server ms/MiB",
       [](const Json& run) { return run.value("server_cpu_seconds", 0.0) * 1e3 / mebibytes(run); },
       2},
      {"MB/s",
       [](const Json& run) { return result(run, "octets") * 1e-6 / result(run, "seconds"); }, 1},
      {"failed", plain("failed"), 0},
      {"retransmits", plain("retransmits"), 0},
      {"load ms/MiB",
       [](const Json& run) { return run.value("load_cpu_seconds", 0.0) * 1e3 / mebibytes(run); },
       2}};
}

std::string number(double value, int decimals) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, decimals) : "-";
}

void print(Scenario& scenario) {
  const std::vector<Column> columns = columns_of(scenario.kind);
  for (Row& row : scenario.rows) keep_cleaner_half(row);

  std::optional<double> bare;
  std::optional<double> dnsmasq;
  std::optional<double> fastest_peer;
  for (const Row& row : scenario.rows) {
    const double cost = median_of(row, columns[0].value);
    if (!std::isfinite(cost)) continue;
    if (row.server.starts_with("bare")) bare = std::min(bare.value_or(cost), cost);
    if (row.server == "dnsmasq") dnsmasq = cost;
    if (row.server.starts_with("bare") || row.server.starts_with("pxeproof")) continue;
    const double speed = median_of(row, columns[1].value);
    fastest_peer = std::max(fastest_peer.value_or(speed), speed);
  }
  const auto ratio = [](double cost, const std::optional<double>& base) {
    return base ? number(cost / *base, 2) : "-";
  };

  fmt::print("\n### {}\n\n| server |", scenario.name);
  for (const Column& column : columns) {
    fmt::print(" {} |", column.title);
    if (&column == &columns[0]) fmt::print(" range | x bare | x dnsmasq |");
    if (&column == &columns[1]) fmt::print(" x best peer |");
  }
  fmt::print(" runs | others |\n|---|");
  for (std::size_t i = 0; i < columns.size() + 6; ++i) fmt::print("---|");
  fmt::print("\n");
  for (const Row& row : scenario.rows) {
    fmt::print("| {} |", row.server);
    for (const Column& column : columns) {
      const double value = median_of(row, column.value);
      fmt::print(" {} |", number(value, column.decimals));
      if (&column == &columns[1]) fmt::print(" {} |", ratio(value, fastest_peer));
      if (&column != &columns[0]) continue;
      double least = value;
      double most = value;
      for (const Json& run : row.runs) {
        least = std::min(least, column.value(run));
        most = std::max(most, column.value(run));
      }
      fmt::print(" {}-{} | {} | {} |", number(least, column.decimals),
                 number(most, column.decimals), ratio(value, bare), ratio(value, dnsmasq));
    }
    const double others = median_of(
        row, [](const Json& run) { return run.value("foreign", 0.0) + run.value("stolen", 0.0); });
    fmt::print(" {}{} | {} % |\n", row.runs.size(),
               row.broken == 0 ? "" : fmt::format(" ({} broken)", row.broken),
               number(100 * others, 0));
  }
}

}  // namespace
}  // namespace pxeproof::bench

int main() {
  for (auto& scenario : pxeproof::bench::read_runs()) pxeproof::bench::print(scenario);
}
