#include "live/text_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "live/file_descriptor.h"

namespace pxeproof::live {

namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20U;
constexpr int kPatienceMs = 5000;

enum class Pipes { Awaited, Refused };

// A pipe that nobody writes into must not hold whoever reads it for ever.
Result<std::string, std::string> read_file(const std::string& path, Pipes pipes) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open()) return fail(std::string(std::strerror(errno)));
  struct stat status {};
  if (fstat(file.number(), &status) != 0) return fail(std::string(std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) return fail(std::string(std::strerror(EISDIR)));
  const bool is_awaited = pipes == Pipes::Awaited;
  if (S_ISFIFO(status.st_mode) && !is_awaited) {
    return fail(std::string("a pipe and no regular file"));
  }
  std::string text;
  std::array<char, 65536> part{};
  for (;;) {
    const ssize_t size = ::read(file.number(), part.data(), part.size());
    if (size == 0) break;
    if (size > 0) {
      text.append(part.data(), static_cast<std::size_t>(size));
      if (text.size() > kLargestFile) return fail(std::string("it has more than 64 MiB"));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return fail(std::string(std::strerror(errno)));
    pollfd wait{.fd = file.number(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, is_awaited ? kPatienceMs : 0) == 0) {
      return fail(std::string(is_awaited ? "nothing more came out of it in 5 s"
                                         : "there is nothing in it now"));
    }
  }
  if (text.empty() && S_ISFIFO(status.st_mode))
    return fail(std::string("a pipe that nobody writes into"));
  return text;
}

}  // namespace

Result<std::string, std::string> read_text_file(const std::string& path) {
  return read_file(path, Pipes::Awaited);
}

Result<std::string, std::string> read_text_file_at_once(const std::string& path) {
  return read_file(path, Pipes::Refused);
}

Result<FileDescriptor, std::string> wait_for_pipe(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) return FileDescriptor();
  // Open for both, it is never without a writer, and so nobody blocks who opens it.
  FileDescriptor pipe(open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!pipe.is_open()) return fail(std::string(std::strerror(errno)));
  pollfd wait{.fd = pipe.number(), .events = POLLIN, .revents = 0};
  if (poll(&wait, 1, kPatienceMs) == 0) return fail(std::string("a pipe that nobody writes into"));
  return pipe;
}

}  // namespace pxeproof::live
