#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

namespace pxeproof::live {

// A socket that has a name in the file system, known by its place on the disk.
class SocketFile {
 public:
  // What stands there now; nullopt: no socket.
  static std::optional<SocketFile> at(const std::string& path);

  // Unless something else stands there by now, which may be a later server's. A signal handler may
  // call it.
  void remove() const;

 private:
  SocketFile(std::string path, dev_t device, ino_t number)
      : path_(std::move(path)), device_(device), number_(number) {}

  std::string path_;
  dev_t device_ = 0;
  ino_t number_ = 0;
};

}  // namespace pxeproof::live
