#pragma once

#include <string>

#include "live/file_descriptor.h"
#include "protocol/result.h"

namespace pxeproof::live {

// The whole text of a file that somebody wrote: a configuration, a list of hosts. A pipe is read to
// its end, but not waited for without bound. The failure is the reason, for "FILE: cannot be read
// (reason)".
Result<std::string, std::string> read_text_file(const std::string& path);

// The same without any wait: a pipe is refused.
Result<std::string, std::string> read_text_file_at_once(const std::string& path);

// Waits until there is something in a pipe with a name; fails after seconds without. While the
// descriptor is open, opening the pipe for reading does not block. Of other files it is not open.
Result<FileDescriptor, std::string> wait_for_pipe(const std::string& path);

}  // namespace pxeproof::live
