#pragma once

#include <optional>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::firmware {

// The content of the first section of that name in a little-endian ELF file of 32 or 64 bits;
// nullopt when there is none or the file is no such ELF.
std::optional<ByteView> elf_section(ByteView elf, std::string_view name);

}  // namespace pxeproof::firmware
