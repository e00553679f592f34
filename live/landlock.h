#pragma once

#include "live/system_error.h"

namespace pxeproof::live {

// From now on this process opens no file, directory or device by a name, and makes no TCP
// connection where the kernel can forbid that (Landlock). What is open stays open.
SystemResult<void> forbid_all_files();

}  // namespace pxeproof::live
