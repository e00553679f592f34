#include "live/socket_file.h"

#include <sys/stat.h>
#include <unistd.h>

namespace pxeproof::live {

std::optional<SocketFile> SocketFile::at(const std::string& path) {
  struct stat status {};
  if (path.empty() || lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return {};
  return SocketFile(path, status.st_dev, status.st_ino);
}

void SocketFile::remove() const {
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == number_) unlink(path_.c_str());
}

}  // namespace pxeproof::live
