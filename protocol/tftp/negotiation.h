#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/result.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::tftp {

// Limits of the option values.
inline constexpr std::uint64_t kMinimumBlockSize = 8;      // RFC 2348
inline constexpr std::uint64_t kMaximumBlockSize = 65464;  // RFC 2348
inline constexpr std::uint64_t kMaximumTimeout = 255;      // RFC 2349, seconds
inline constexpr std::uint64_t kMaximumWindow = 65535;     // RFC 7440

// A decimal number of ASCII digits only: no sign, no blanks, no empty text; nullopt also when it
// does not fit 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text);

// The options of a request as far as they are known, stand once and are valid (RFC 2347: the rest
// is ignored). Where an option stands twice its first valid value counts.
struct RequestedOptions {
  std::optional<std::uint16_t> block_size;     // octets, 8..65464
  std::optional<std::uint64_t> transfer_size;  // octets; 0 asks for the size
  std::optional<std::uint8_t> timeout;         // seconds, 1..255
  std::optional<std::uint16_t> window_size;    // blocks, 1..65535
  std::vector<std::string_view>
      order;  // names of the accepted options in request order; point into the request
};
RequestedOptions read_options(const std::vector<Option>& options);

// What an OACK does that its request does not allow; a strict client answers ERROR 8.
enum class OackFault {
  NotRequested,  // RFC 2347: an option that was not asked for
  Duplicate,     // RFC 2347: an option may only be specified once
  NotANumber,
  BlockSizeRaised,  // RFC 2348
  BlockSizeOutOfRange,
  TimeoutChanged,  // RFC 2349
  WindowRaised,    // RFC 7440 s.3
};
std::string_view to_string(OackFault fault);

// The values both sides use from now on.
struct Agreement {
  std::uint16_t block_size = kDefaultBlockSize;  // octets
  std::uint16_t window_size = 1;                 // blocks
  std::optional<std::uint8_t> timeout;           // seconds
  std::optional<std::uint64_t> transfer_size;    // octets

  friend bool operator==(const Agreement&, const Agreement&) = default;
};

// Judges an OACK against its request by the letter of the RFCs. An option that was asked for but
// is foreign to us is neither judged nor part of the agreement.
Result<Agreement, OackFault> agree(const Request& request, const Oack& oack);

// The 16-bit block number on the wire of a block counted from 1 without wrap.
constexpr std::uint16_t wire_block(std::uint64_t block) {
  return static_cast<std::uint16_t>(block & 0xffffU);
}

// The unwrapped block nearest to a reference that has this number on the wire.
std::uint64_t unwrap_block(std::uint16_t wire, std::uint64_t reference);

}  // namespace pxeproof::tftp
