#include "trace/alignment.h"

#include <algorithm>
#include <cstdint>

namespace pxeproof::trace {

std::vector<AlignedPair> align(std::size_t good_size, std::size_t bad_size,
                               const AlignmentScore& score) {
  // best[g][b]: the greatest sum for what begins at g and at b. From the end, so that the walk
  // below goes forward and ties are decided for the earlier elements.
  const std::size_t width = bad_size + 1;
  std::vector<std::uint32_t> best((good_size + 1) * width, 0);
  for (std::size_t good = good_size; good-- > 0;) {
    for (std::size_t bad = bad_size; bad-- > 0;) {
      std::uint32_t most = std::max(best[(good + 1) * width + bad], best[good * width + bad + 1]);
      if (const unsigned fit = score(good, bad); fit > 0) {
        most = std::max(most, best[(good + 1) * width + bad + 1] + fit);
      }
      best[good * width + bad] = most;
    }
  }
  std::vector<AlignedPair> pairs;
  std::size_t good = 0;
  std::size_t bad = 0;
  while (good < good_size && bad < bad_size) {
    const std::uint32_t here = best[good * width + bad];
    const unsigned fit = score(good, bad);
    if (fit > 0 && here == best[(good + 1) * width + bad + 1] + fit) {
      pairs.push_back({good++, bad++});
    } else if (here == best[(good + 1) * width + bad]) {
      pairs.push_back({good++, std::nullopt});
    } else {
      pairs.push_back({std::nullopt, bad++});
    }
  }
  while (good < good_size) pairs.push_back({good++, std::nullopt});
  while (bad < bad_size) pairs.push_back({std::nullopt, bad++});
  return pairs;
}

}  // namespace pxeproof::trace
