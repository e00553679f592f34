#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "protocol/time.h"

namespace pxeproof::rom {

// The power comes back: everybody at once, or evenly spread at random over a span.
struct Storm {
  Duration span{};
};

// So many a second, one after the other, whatever becomes of those before (open loop).
struct SteadyRate {
  double per_second = 1;
};

// Rack by rack, each powered on as a whole some time after the one before.
struct Racks {
  std::size_t machines = 1;  // in each
  Duration gap = std::chrono::seconds(5);
};

// Everybody at once, behind switch ports that forward nothing until their spanning tree has
// settled.
struct SpanningTree {
  Duration blocked = std::chrono::seconds(30);
};

using Arrivals = std::variant<Storm, SteadyRate, Racks, SpanningTree>;

// When each of the clients is powered on, after the fleet's start; rising.
std::vector<Duration> power_on_times(const Arrivals& arrivals, std::size_t clients,
                                     std::uint64_t seed);

}  // namespace pxeproof::rom
