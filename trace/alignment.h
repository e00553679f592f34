#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace pxeproof::trace {

// A place in two sequences laid side by side; one side may be missing.
struct AlignedPair {
  std::optional<std::size_t> good;
  std::optional<std::size_t> bad;

  friend bool operator==(const AlignedPair&, const AlignedPair&) = default;
};

// How well two elements fit together; 0: not at all.
using AlignmentScore = std::function<unsigned(std::size_t good, std::size_t bad)>;

// Lays two sequences side by side in order, so that the sum of the scores is greatest
// (Needleman-Wunsch, gaps cost nothing). Time and memory are the product of the sizes.
std::vector<AlignedPair> align(std::size_t good_size, std::size_t bad_size,
                               const AlignmentScore& score);

}  // namespace pxeproof::trace
