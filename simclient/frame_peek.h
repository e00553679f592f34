#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/bytes.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::rom {

// What a fleet looks at in each of its frames to count it, without the checks that its machines
// make anyway: checksums, lengths, fragments.

inline std::uint16_t read16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>((octets[at] << 8U) | octets[at + 1]);
}

// Behind the headers of an IP packet of this protocol, at least so many octets of it; nullopt: it
// is none, or cut.
inline std::optional<ByteView> behind_ip(ByteView frame, std::uint8_t protocol, std::size_t least) {
  constexpr std::size_t kIp = frames::kEthernetHeaderSize;
  constexpr std::size_t kEtherType = 12;
  constexpr std::size_t kProtocol = kIp + 9;
  if (frame.size() < kIp + frames::kIpv4HeaderSize ||
      read16(frame, kEtherType) != frames::kEtherTypeIpv4 || frame[kProtocol] != protocol) {
    return std::nullopt;
  }
  const std::size_t at = kIp + std::size_t{frame[kIp] & 0x0fU} * 4;
  if (frame.size() < at + least) return std::nullopt;
  return frame.subspan(at);
}

}  // namespace pxeproof::rom
