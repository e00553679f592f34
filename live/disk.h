#pragma once

#include <string>

#include "live/file_cache.h"
#include "live/system_error.h"
#include "protocol/file_service.h"

namespace pxeproof::live {

// Opens the files that a server asks for, and keeps what it read.
class Disk {
 public:
  Disk() : Disk(FileCache::Options{}) {}
  explicit Disk(const FileCache::Options& options) : cache_(options) {}

  // Never blocks on a special file, never leaves the root but through a trusted link.
  FileAnswer open(const FileRequest& request);

  // The same without a cache, for handing the open file on. The user is whom "own file" means.
  static Result<WalkedPath, FileFault> open_file(const FileRequest& request, uid_t user);

  // To be called before each on_* call of the service that reads: the views it got so far are no
  // longer used, and files are compared with the disk again. Memory stays bounded only so.
  void begin_round() { cache_.begin_round(); }

  std::size_t size_bytes() const { return cache_.size_bytes(); }

  // Whether a root directory can be served from; for a check at start.
  static SystemResult<void> check_root(const std::string& root);

 private:
  Result<std::shared_ptr<FileContent>, FileFault> find(const FileRequest& request);

  FileCache cache_;
};

}  // namespace pxeproof::live
