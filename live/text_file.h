#pragma once

#include <string>

#include "protocol/result.h"

namespace pxeproof::live {

// The whole text of a file that somebody wrote: a configuration, a list of hosts. A pipe is read to
// its end, but not waited for without bound. The failure is the reason, for "FILE: cannot be read
// (reason)".
Result<std::string, std::string> read_text_file(const std::string& path);

}  // namespace pxeproof::live
