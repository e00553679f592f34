#include "live/directory_changes.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pxeproof::live {

namespace {

// A file counts when its writer has closed it: half of it is nobody's wish.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

// A link or a directory is whole when it comes; one that is made readable is as good as new.
constexpr std::uint32_t kEntryEvents = kEvents | IN_CREATE | IN_ATTRIB | IN_MODIFY;

// Of a burst with more files some are not named.
constexpr std::size_t kMaximumNames = 1000;

}  // namespace

SystemResult<FileDescriptor> create_directory_queue() {
  FileDescriptor queue(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!queue.is_open()) return fail(last_error("changes of files: inotify"));
  return queue;
}

DirectoryWatch::Watched DirectoryWatch::watch(const Directories& directories) {
  Watched watched;
  std::set<int> wanted;
  const auto add = [&](const std::string& directory, std::uint32_t events) {
    // The kernel gives the same number for what it watches already, and takes the events of now.
    const int number = inotify_add_watch(queue_.number(), directory.c_str(), events);
    if (number < 0) {
      // Nor is it searched.
      if (events == kEntryEvents && errno == EACCES) return;
      watched.errors.push_back(last_error("changes of files in " + directory));
      return;
    }
    watched.has_new = watched.has_new || !watched_.contains(number);
    wanted.insert(number);
  };
  for (const std::string& directory : directories.for_files) add(directory, kEvents);
  for (const std::string& directory : directories.for_entries) add(directory, kEntryEvents);
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

bool DirectoryChanges::hear() {
  bool has_heard = false;
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
      has_heard = true;
      if (event.mask == IN_MODIFY) continue;  // its end will be told
      if (changed_.size() < kMaximumNames) changed_.insert(is_overflow ? "many files" : name);
    }
  }
  return has_heard;
}

Activity DirectoryChanges::on_wake(Instant now) {
  const bool has_heard = hear();
  if (has_heard && !changed_.empty()) {
    if (!began_) began_ = now;
    due_ = std::min(now + burst_.quiet, *began_ + burst_.longest);
  }
  if (due_ && now >= *due_) {
    began_.reset();
    due_.reset();
    is_due_ = true;
  }
  return Activity::Idle;
}

}  // namespace pxeproof::live
