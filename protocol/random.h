#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pxeproof {

// A deterministic source of random numbers (SplitMix64), passed and kept by value.
// A machine forks one for each of its parts: an extra draw in one part cannot shift another's
// numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();

  // Uniform in [0, bound); bound 0 gives 0.
  std::uint64_t below(std::uint64_t bound);

  // Uniform in [low, high], both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high);

  // True with the given probability in [0, 1].
  bool chance(double probability);

  void fill(std::span<std::uint8_t> octets);

  // An independent stream named by a label; the same label gives the same stream, and this one does
  // not move.
  Random fork(std::uint64_t label) const;

 private:
  std::uint64_t state_;
};

}  // namespace pxeproof
