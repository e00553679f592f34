#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::firmware {

// A program that a firmware loads from the network first.
struct BootProgram {
  std::vector<std::uint16_t> architectures;  // numbers of option 93 that can run it
  std::string_view kind;                     // "pxelinux", "EFI program for x64"
  int preference = 0;                        // the higher one is meant to be loaded first
};

// So many octets of a file's beginning are enough to judge it.
inline constexpr std::size_t kBootProgramHead = std::size_t{64} << 10U;

// What a file is, by its octets, and by its name where those do not tell: network bootstrap
// programs for BIOS have no header. nullopt: not one that a firmware starts (a kernel, a module, a
// text).
std::optional<BootProgram> read_boot_program(std::string_view name, ByteView head);

// What a file is that is no such program: "a Linux kernel, which a loader has to start".
std::string_view describe_other_file(std::string_view name, ByteView head);

}  // namespace pxeproof::firmware
