#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "protocol/bytes.h"

namespace pxeproof::fuzz {

// Ends the run with the input saved when a property does not hold, whatever NDEBUG says.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace pxeproof::fuzz

// What libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);
