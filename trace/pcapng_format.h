#pragma once

#include <cstdint>

// The numbers of draft-ietf-opsawg-pcapng that are read or written here.
namespace pxeproof::trace::pcapng {

inline constexpr std::uint32_t kSectionHeaderBlock = 0x0a0d0d0a;
inline constexpr std::uint32_t kInterfaceBlock = 1;
inline constexpr std::uint32_t kObsoletePacketBlock = 2;
inline constexpr std::uint32_t kSimplePacketBlock = 3;
inline constexpr std::uint32_t kInterfaceStatisticsBlock = 5;
inline constexpr std::uint32_t kEnhancedPacketBlock = 6;
inline constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;

inline constexpr std::uint16_t kOptionEnd = 0;
inline constexpr std::uint16_t kOptionComment = 1;
inline constexpr std::uint16_t kOptionInterfaceName = 2;
inline constexpr std::uint16_t kOptionInterfaceDescription = 3;
inline constexpr std::uint16_t kOptionUserApplication = 4;  // of a section header
inline constexpr std::uint16_t kOptionReceived = 4;         // of interface statistics
inline constexpr std::uint16_t kOptionDropped = 5;          // of interface statistics
inline constexpr std::uint16_t kOptionTimeResolution = 9;
inline constexpr std::uint16_t kOptionTimeOffset = 14;

// The blocks whose bodies the reader looks at.
constexpr bool is_read(std::uint32_t type) {
  return type == kInterfaceBlock || type == kObsoletePacketBlock || type == kSimplePacketBlock ||
         type == kEnhancedPacketBlock;
}

}  // namespace pxeproof::trace::pcapng
