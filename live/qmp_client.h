#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "live/file_descriptor.h"
#include "live/system_error.h"

namespace pxeproof::live {

// Speaks QEMU's machine protocol over a connected socket. Every call waits for its answer; events
// in between are passed over.
class QmpClient {
 public:
  explicit QmpClient(FileDescriptor socket) : socket_(std::move(socket)) {}

  // Waits for the greeting and leaves capability negotiation.
  SystemResult<void> negotiate();

  // Writes guest-physical memory into a file, by the name under which QEMU knows it.
  SystemResult<void> save_memory(std::uint64_t address, std::uint64_t size_bytes,
                                 const std::string& file);

  // Writes the screen into a file as PPM.
  SystemResult<void> save_screen(const std::string& file);

 private:
  SystemResult<std::string> read_line();
  // The command with its arguments is one JSON object.
  SystemResult<void> execute(std::string_view what, const std::string& command);

  FileDescriptor socket_;
  std::string received_;
};

}  // namespace pxeproof::live
