#pragma once

#include <string>

#include "live/file_descriptor.h"
#include "protocol/result.h"

namespace pxeproof::live {

// What a pipe may take: seconds, so that a command's output can be a configuration, or nothing. Who
// serves meanwhile must not wait for each pipe in turn.
enum class Pipes { Awaited, Refused };

// The whole text of a file that somebody wrote: a configuration, a list of hosts. A pipe is read to
// its end, but not waited for without bound. The failure is the reason, for "FILE: cannot be read
// (reason)".
Result<std::string, std::string> read_text_file(const std::string& path,
                                                Pipes pipes = Pipes::Awaited);

// Waits until there is something in a pipe with a name; fails after seconds without. While the
// descriptor is open, opening the pipe for reading does not block. Of other files it is not open.
Result<FileDescriptor, std::string> wait_for_pipe(const std::string& path);

}  // namespace pxeproof::live
