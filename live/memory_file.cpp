#include "live/memory_file.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace pxeproof::live {

SystemResult<FileDescriptor> make_memory_file(ByteView octets) {
  FileDescriptor file(memfd_create("pxeproof", MFD_CLOEXEC));
  if (!file.is_open()) return fail(last_error("file in memory"));
  while (!octets.empty()) {
    const ssize_t written = write(file.number(), octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(last_error("file in memory"));
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return file;
}

bool lock_file(const FileDescriptor& file) { return flock(file.number(), LOCK_EX | LOCK_NB) == 0; }

bool lock_file_within(const FileDescriptor& file, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{20};
  for (auto left = patience; !lock_file(file); left -= kPause) {
    if (left <= kPause) return false;
    poll(nullptr, 0, static_cast<int>(kPause.count()));
  }
  return true;
}

SystemResult<Bytes> read_whole_file(const FileDescriptor& file) {
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return fail(last_error("file"));
  Bytes octets(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < octets.size()) {
    const ssize_t got =
        pread(file.number(), octets.data() + done, octets.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(last_error("file"));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  octets.resize(done);
  return octets;
}

}  // namespace pxeproof::live
