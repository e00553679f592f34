#include "live/directory_changes.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pxeproof::live {

namespace {

// A file counts when its writer has closed it: half of it is nobody's wish.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

constexpr Duration kBurst = std::chrono::milliseconds(50);
// Of a burst with more files some are not named.
constexpr std::size_t kMaximumNames = 1000;

}  // namespace

SystemResult<FileDescriptor> create_directory_queue() {
  FileDescriptor queue(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!queue.is_open()) return fail(last_error("changes of files: inotify"));
  return queue;
}

DirectoryWatch::Watched DirectoryWatch::watch(const std::set<std::string>& directories) {
  Watched watched;
  std::set<int> wanted;
  for (const std::string& directory : directories) {
    // The kernel gives the same number for what it watches already.
    const int number = inotify_add_watch(queue_.number(), directory.c_str(), kEvents);
    if (number < 0) {
      watched.errors.push_back(last_error("changes of files in " + directory));
      continue;
    }
    watched.has_new = watched.has_new || !watched_.contains(number);
    wanted.insert(number);
  }
  for (const int number : watched_) {
    if (!wanted.contains(number)) inotify_rm_watch(queue_.number(), number);
  }
  watched_ = std::move(wanted);
  return watched;
}

std::set<std::string> DirectoryChanges::take_changed() {
  if (!std::exchange(is_due_, false)) return {};
  return std::exchange(changed_, {});
}

Activity DirectoryChanges::on_wake(Instant now) {
  alignas(inotify_event) std::array<char, 16384> events{};
  for (;;) {
    const ssize_t size = read(queue_.number(), events.data(), events.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, events.data() + at, sizeof event);
      const char* name = events.data() + at + sizeof event;
      at += sizeof event + event.len;
      const bool is_overflow = (event.mask & IN_Q_OVERFLOW) != 0;
      if (event.len == 0 && !is_overflow) continue;
      if (changed_.size() < kMaximumNames) changed_.insert(is_overflow ? "many files" : name);
    }
  }
  if (!changed_.empty() && !due_) due_ = now + kBurst;
  if (due_ && now >= *due_) {
    due_.reset();
    is_due_ = true;
  }
  return Activity::Idle;
}

}  // namespace pxeproof::live
