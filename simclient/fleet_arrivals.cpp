#include "simclient/fleet_arrivals.h"

#include <algorithm>
#include <cmath>

#include "protocol/random.h"

namespace pxeproof::rom {

namespace {

struct Scheduler {
  std::size_t clients;
  std::uint64_t seed;

  std::vector<Duration> operator()(const Storm& storm) const {
    std::vector<Duration> times(clients);
    if (storm.span <= Duration{}) return times;
    Random random(seed);
    for (Duration& time : times) {
      time = Duration(
          static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(storm.span.count()))));
    }
    std::ranges::sort(times);
    return times;
  }
  std::vector<Duration> operator()(const SteadyRate& rate) const {
    std::vector<Duration> times(clients);
    const double gap_ns = 1e9 / rate.per_second;
    for (std::size_t i = 0; i < clients; ++i) {
      times[i] = Duration(std::llround(gap_ns * static_cast<double>(i)));
    }
    return times;
  }
  std::vector<Duration> operator()(const Racks& racks) const {
    std::vector<Duration> times(clients);
    for (std::size_t i = 0; i < clients; ++i) {
      times[i] = racks.gap * static_cast<std::int64_t>(i / racks.machines);
    }
    return times;
  }
  std::vector<Duration> operator()(const SpanningTree&) const {
    return std::vector<Duration>(clients);
  }
};

}  // namespace

std::vector<Duration> power_on_times(const Arrivals& arrivals, std::size_t clients,
                                     std::uint64_t seed) {
  return std::visit(Scheduler{clients, seed}, arrivals);
}

}  // namespace pxeproof::rom
