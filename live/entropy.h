#pragma once

#include <cstdint>

namespace pxeproof::live {

// A seed nobody can foresee, from the kernel.
std::uint64_t draw_seed();

}  // namespace pxeproof::live
