#include "conformance/cases/mutation.h"

#include <algorithm>
#include <array>

#include "protocol/dhcp/message.h"

namespace pxeproof::conformance {

namespace {

constexpr std::array<std::uint8_t, 12> kTelling{0, 1, 2, 4, 43, 52, 60, 71, 127, 128, 254, 255};

std::uint8_t telling(Random& random) { return kTelling[random.below(kTelling.size())]; }

void damage_option(dhcp::Message& message, Random& random) {
  if (message.options.empty()) return;
  const std::size_t at = random.below(message.options.size());
  dhcp::Option& option = message.options[at];
  switch (random.below(6)) {
    case 0:
      option.code = telling(random);
      break;
    case 1:
      option.value.resize(random.below(300), telling(random));
      break;
    case 2:
      if (!option.value.empty()) option.value[random.below(option.value.size())] = telling(random);
      break;
    case 3:
      message.options.push_back(option);
      break;
    case 4:
      message.options.erase(message.options.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    default:
      std::swap(option, message.options[random.below(message.options.size())]);
      break;
  }
}

}  // namespace

Bytes damage_message(const Bytes& packet, Random& random) {
  Bytes octets = packet;
  if (random.below(4) != 0) {
    if (auto message = dhcp::decode(packet)) {
      for (std::uint64_t edits = random.between(1, 3); edits > 0; --edits) {
        damage_option(*message, random);
      }
      octets = dhcp::encode(*message);
    }
  }
  if (random.below(2) == 0 && !octets.empty()) {
    for (std::uint64_t edits = random.between(1, 4); edits > 0; --edits) {
      octets[random.below(octets.size())] = telling(random);
    }
  }
  if (random.below(8) == 0) octets.resize(random.below(octets.size() + 1));
  // A relay of ours has nothing to say here; and op 2 would be another server's.
  constexpr std::size_t kGiaddr = 24;
  if (octets.size() > kGiaddr + 4) std::fill_n(octets.begin() + kGiaddr, 4, std::uint8_t{0});
  return octets;
}

}  // namespace pxeproof::conformance
