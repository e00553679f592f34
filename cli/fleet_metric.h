#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "protocol/time.h"
#include "simclient/fleet_tally.h"

namespace pxeproof::cli {

// Something measured of a fleet that a threshold can be about: "boot.p99", "boot.failed".
struct FleetMetric {
  enum class Unit { Time, Count, Rate };
  enum class What {
    Percentile,
    Minimum,
    Mean,
    Maximum,
    Resent,
    Counted,
    Failed,
    Booted,
    Rate,
    Late
  };
  std::string name;
  Unit unit = Unit::Time;
  What what = What::Percentile;
  rom::Span span = rom::Span::Boot;
  double share = 0;  // Percentile, Late

  // In nanoseconds, or as it is counted; nullopt when there is nothing to measure it by.
  std::optional<double> measure(const rom::FleetTally& tally) const;
  // Counted from the planned power-on, so that the generator's own lateness is in it.
  bool is_latency() const {
    const bool is_time = what == What::Percentile || what == What::Minimum || what == What::Mean ||
                         what == What::Maximum;
    return is_time &&
           (span == rom::Span::Offer || span == rom::Span::Lease || span == rom::Span::Boot);
  }
  // At most as many as there are machines.
  bool counts_machines() const {
    return what == What::Counted || what == What::Failed || what == What::Booted;
  }
  // A measured value or a limit, for people: "14.2 s", "3".
  std::string text(double value) const;
};

// All metrics there are.
std::vector<FleetMetric> fleet_metrics();

// A condition on a metric: "boot.p99<10s".
struct FleetThreshold {
  enum class Operator { Less, LessOrEqual, Greater, GreaterOrEqual, Equal };
  FleetMetric metric;
  Operator comparison = Operator::Less;
  double limit = 0;
  std::string text;  // as the user wrote it

  bool holds(double value) const;
};

Outcome<FleetThreshold> parse_threshold(std::string_view option, std::string_view text);

// "150ms", "2s", "1.5m": a duration with its unit.
Outcome<Duration> parse_duration(std::string_view option, std::string_view text);

// For people, with three digits at most: "14.2 s", "830 ms", "12 us".
std::string duration_text(Duration duration);

}  // namespace pxeproof::cli
