#pragma once

#include <vector>

#include "trace/boot.h"

namespace pxeproof::trace {

// Whether a boot ended where another card of its machine may go on, and whether it does so as this
// other boot.
bool may_go_on(const Boot& boot);
bool goes_on_as(const Boot& boot, const Boot& other);

// iPXE that goes on by another card of its machine begins a boot of its own there, with the same
// GUID. The boot of the first card then ended well: judges it so.
void judge_second_cards(const std::vector<Boot*>& boots);

}  // namespace pxeproof::trace
