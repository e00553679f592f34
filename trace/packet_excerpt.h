#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "trace/boot.h"

namespace pxeproof::trace {

// What some packets of a capture say, one line each, by number.
using PacketLines = std::map<std::uint32_t, std::string>;

// The packets of a boot's steps: of each step the first few and the last few. Reads the capture
// once more; a file that cannot be read gives none, and so does standard input ("-").
PacketLines packet_excerpt(const std::string& path, const Boot& boot);

// How many packets of a step are shown at its beginning and at its end.
inline constexpr std::uint32_t kShownAtBegin = 8;
inline constexpr std::uint32_t kShownAtEnd = 4;

}  // namespace pxeproof::trace
