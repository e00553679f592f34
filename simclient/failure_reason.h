#pragma once

#include <string>

#include "firmware/profile.h"

namespace pxeproof::rom {

// Why a firmware gave up, in words for people; empty for what a file's own ending tells better.
std::string reason_of(firmware::Failure failure);

}  // namespace pxeproof::rom
