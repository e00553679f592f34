#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/result.h"

namespace pxeproof {

// Why a file cannot be sent.
enum class FileFault {
  NotFound,       // no such name, also a file used as a directory
  AccessDenied,   // permissions, or a rule of the configuration
  OutsideRoot,    // the name leads out of the root
  UntrustedLink,  // a symbolic link leaves the root and fails the trusted-link rule
                  // (docs/differences-from-dnsmasq.md)
  NotAFile,       // a directory, FIFO, socket or device
  NameTooLong,
  Changed,  // replaced or truncated since it was opened
  ReadFailed,
  TooManyOpen,
};
std::string_view to_string(FileFault fault);

// An open file, shared by all transfers of it.
class FileContent {
 public:
  virtual ~FileContent() = default;

  // The size in octets when it was opened.
  virtual std::uint64_t size() const = 0;

  // The octets [offset, offset + length), less at the end of the file. The view is valid until the
  // service that asked gets its next on_* call. Changed when the file on disk is no longer the one
  // that was opened.
  virtual Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) = 0;
};

// What a server wants opened. Names were already judged by the server: the path is relative, has
// '/' between its parts, and no "." or ".." part.
struct FileRequest {
  std::uint64_t id = 0;
  std::string
      root;  // directory; empty: the whole file system, and the rules about links do not apply
  std::string unique_directory;  // a directory below root that is used instead of root when it
                                 // exists; empty: none
  std::string path;
  bool require_world_readable = false;  // dnsmasq's rule when it runs as root
  bool require_own_file = false;        // tftp-secure: the file's owner is the server's user
};

struct FileAnswer {
  std::uint64_t id = 0;  // of the request
  Result<std::shared_ptr<FileContent>, FileFault> content;
};

}  // namespace pxeproof
