#pragma once

#include <string>

#include "live/file_descriptor.h"
#include "live/system_error.h"

namespace pxeproof::live {

// A directory tree to be seen, read-only, at another place: {.source = "/srv/tree", .at =
// "/var/lib/tftpboot"}.
struct TreeMount {
  std::string source;
  std::string at;  // absolute; need not exist
};

// These change the calling process's mount namespace, which must be a private one; the disk is
// never touched. A directory that does not exist is made to by covering the deepest one that does
// with a memory file system in which everything that was there is mounted again.
//
// A tree is taken before anything else is mounted, which might hide it, and put in place after.
SystemResult<FileDescriptor> take_tree(const TreeMount& mount);
SystemResult<void> put_tree(const FileDescriptor& tree, const TreeMount& mount);

// An empty writable directory in memory.
SystemResult<void> mount_private_directory(const std::string& path);

}  // namespace pxeproof::live
