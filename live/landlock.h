#pragma once

#include <cstdint>
#include <optional>

#include "live/system_error.h"

namespace pxeproof::live {

// From now on this process opens no file, directory or device by a name, and makes no TCP
// connection where the kernel can forbid that (Landlock), nor listens on any TCP port but one, if
// that is named. What is open stays open. Threads that are there already are not held by it.
SystemResult<void> forbid_all_files(std::optional<std::uint16_t> tcp_port = std::nullopt);

}  // namespace pxeproof::live
