#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/random.h"

namespace pxeproof {

// A damaged copy of a packet: one to four octets or stretches of it flipped, overwritten with
// values that codecs stumble over, inserted, removed, repeated or cut off.
inline Bytes mutate(const Bytes& packet, Random& random) {
  constexpr std::uint8_t kTelling[] = {0, 1, 2, 3, 4, 43, 52, 53, 60, 71, 127, 128, 254, 255};
  Bytes octets = packet;
  const std::uint64_t edits = random.between(1, 4);
  for (std::uint64_t edit = 0; edit < edits; ++edit) {
    const std::size_t at = random.below(octets.size() + 1);
    const auto place = octets.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t length = random.below(octets.size() - at + 1);
    switch (random.below(7)) {
      case 0:
        if (at < octets.size()) octets[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
        break;
      case 1:
        if (at < octets.size()) octets[at] = kTelling[random.below(std::size(kTelling))];
        break;
      case 2:
        if (at < octets.size()) octets[at] = static_cast<std::uint8_t>(random.next() & 0xffU);
        break;
      case 3:
        octets.insert(place, kTelling[random.below(std::size(kTelling))]);
        break;
      case 4:
        octets.erase(place, place + static_cast<std::ptrdiff_t>(std::min<std::size_t>(length, 16)));
        break;
      case 5: {
        const Bytes stretch(place, place + static_cast<std::ptrdiff_t>(length));
        octets.insert(octets.end(), stretch.begin(), stretch.end());
        break;
      }
      default:
        // Rarely, or hardly a long packet would survive.
        if (random.below(8) == 0) octets.resize(at);
        break;
    }
  }
  return octets;
}

// What a failing property test prints, enough to make it a test of its own.
inline std::string describe(std::string_view origin, std::uint64_t seed, const Bytes& octets) {
  return std::string(origin) + ", seed " + std::to_string(seed) + ": " + to_hex(octets);
}

}  // namespace pxeproof
