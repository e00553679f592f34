#include "protocol/cable.h"

#include <algorithm>
#include <cstdint>

namespace pxeproof {

Cable::Passage Cable::pass(Instant at) {
  const bool lost = random_.chance(impairment_.loss);
  const bool duplicated = random_.chance(impairment_.duplication);
  const bool held_back = random_.chance(impairment_.reordering);
  const auto jitter = random_.between(0, static_cast<std::uint64_t>(impairment_.jitter.count()));
  if (lost) return {};
  Instant arrival = at + impairment_.delay + Duration(static_cast<std::int64_t>(jitter));
  arrival = std::max(arrival, last_arrival_);
  if (held_back) {
    arrival += impairment_.reorder_delay;
  } else {
    last_arrival_ = arrival;
  }
  return {.copies = duplicated ? std::size_t{2} : std::size_t{1}, .at = {arrival, arrival}};
}

}  // namespace pxeproof
