#pragma once

#include <vector>

#include "trace/boot.h"

namespace pxeproof::trace {

// iPXE that goes on by another card of its machine begins a boot of its own there, with the same
// GUID. The boot of the first card then ended well: judges it so.
void judge_second_cards(const std::vector<Boot*>& boots);

}  // namespace pxeproof::trace
