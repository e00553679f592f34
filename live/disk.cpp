#include "live/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "live/path_walk.h"

namespace pxeproof::live {

FileAnswer Disk::open(const FileRequest& request) {
  auto content = find(request);
  if (!content && content.error() == FileFault::TooManyOpen) {
    cache_.forget_all_idle();
    content = find(request);
  }
  return {.id = request.id, .content = std::move(content)};
}

Result<WalkedPath, FileFault> Disk::open_file(const FileRequest& request, uid_t user) {
  std::string name = request.path;
  if (!request.root.empty() && !request.unique_directory.empty() &&
      walk_below(request.root, request.unique_directory, Wanted::Directory)) {
    name = request.unique_directory + "/" + name;
  }
  auto walked = request.root.empty() ? walk_anywhere(name)
                                     : walk_below(request.root, name, Wanted::RegularFile);
  if (!walked) {
    return fail(walked.error());
  }
  const struct stat& status = walked->status;
  if (request.require_world_readable && (status.st_mode & S_IROTH) == 0) {
    return fail(FileFault::AccessDenied);
  }
  if (request.require_own_file && status.st_uid != user) {
    return fail(FileFault::AccessDenied);
  }
  return walked;
}

Result<std::shared_ptr<FileContent>, FileFault> Disk::find(const FileRequest& request) {
  auto walked = open_file(request, geteuid());
  if (!walked) {
    return fail(walked.error());
  }
  return cache_.content_of(std::move(*walked));
}

SystemResult<void> Disk::check_root(const std::string& root) {
  const FileDescriptor directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) {
    return fail(last_error("tftp-root " + root,
                           errno == ENOENT ? "make it, correct the line, or start without it by "
                                             "tftp-no-fail"
                                           : "correct the line"));
  }
  if (faccessat(directory.number(), ".", X_OK, AT_EACCESS) != 0) {
    return fail(last_error("tftp-root " + root, "let the server's user enter it: chmod a+x"));
  }
  return {};
}

}  // namespace pxeproof::live
