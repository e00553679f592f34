#pragma once

#include <cstddef>
#include <optional>

#include "protocol/bytes.h"

namespace pxeproof::firmware {

// Unpacks a bare LZMA stream (no header, no end mark) with the parameters lc=3, lp=0, pb=2, as GRUB
// packs its core image for BIOS machines. The size is that of the result; nullopt when the stream
// does not make up so many octets.
std::optional<Bytes> unpack_lzma(ByteView stream, std::size_t size);

}  // namespace pxeproof::firmware
