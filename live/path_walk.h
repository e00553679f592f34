#pragma once

#include <sys/stat.h>

#include <string>

#include "live/file_descriptor.h"
#include "protocol/file_service.h"

namespace pxeproof::live {

// What a name below a root leads to.
struct WalkedPath {
  FileDescriptor file;  // open for reading, or O_PATH for a directory
  struct stat status {};
};

enum class Wanted { RegularFile, Directory };

// Opens a name below the root, component by component, so that no exchange of a directory on the
// way can lead elsewhere. The name is relative and has no ".." part of its own; symbolic links are
// followed:
//  - a link that stays inside the root always;
//  - a link that leaves it only when it is trusted: uid 0 or the root directory's owner owns it,
//    and no directory from the root to the link may be written by group or others. Behind it, the
//    same is asked of each further link, but directories with the sticky bit pass;
//  - special files are refused without being opened.
Result<WalkedPath, FileFault> walk_below(const std::string& root, const std::string& name,
                                         Wanted wanted);

// The same on the whole file system, without rules about links.
Result<WalkedPath, FileFault> walk_anywhere(const std::string& name);

FileFault fault_of(int code);

}  // namespace pxeproof::live
