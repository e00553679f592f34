#include "protocol/random.h"

namespace pxeproof {

namespace {

// Sebastiano Vigna's SplitMix64 finaliser.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15U;
  return mix(state_);
}

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  // Values past the last whole multiple of bound are drawn again, so that all results are equally
  // likely.
  const std::uint64_t threshold = (0 - bound) % bound;
  std::uint64_t value = next();
  while (value < threshold) value = next();
  return value % bound;
}

std::uint64_t Random::between(std::uint64_t low, std::uint64_t high) {
  if (high < low) return low;
  const std::uint64_t span = high - low + 1;
  return span == 0 ? next() : low + below(span);
}

bool Random::chance(double probability) {
  const double uniform = static_cast<double>(next() >> 11U) * 0x1.0p-53;
  return uniform < probability;
}

void Random::fill(std::span<std::uint8_t> octets) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i % 8 == 0) word = next();
    octets[i] = static_cast<std::uint8_t>(word & 0xffU);
    word >>= 8U;
  }
}

Random Random::fork(std::uint64_t label) const {
  return Random(mix(state_ ^ mix(label + 0x632be59bd9b4e019U)));
}

}  // namespace pxeproof
