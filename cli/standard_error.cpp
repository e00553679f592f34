#include "cli/standard_error.h"

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>

namespace pxeproof::cli {

namespace {

ssize_t write_or_forget(void* /*cookie*/, const char* octets, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t written = write(STDERR_FILENO, octets + done, size - done);
    if (written < 0 && errno != EINTR) break;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return static_cast<ssize_t>(size);
}

}  // namespace

void make_standard_error_harmless() {
  // glibc's streams are variables, and a stream's own functions may say that all was written.
  std::FILE* const forgiving = fopencookie(
      nullptr, "w", {.read = nullptr, .write = write_or_forget, .seek = nullptr, .close = nullptr});
  if (forgiving == nullptr) return;
  std::setvbuf(forgiving, nullptr, _IONBF, 0);
  stderr = forgiving;
}

}  // namespace pxeproof::cli
