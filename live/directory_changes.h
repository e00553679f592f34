#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "live/event_loop.h"
#include "live/file_descriptor.h"
#include "live/system_error.h"
#include "protocol/time.h"

namespace pxeproof::live {

// The kernel's queue of what happens to files of directories (inotify). Two processes may share it:
// one that may look into directories chooses them, another one hears.
SystemResult<FileDescriptor> create_directory_queue();

// Chooses the directories of a queue.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(FileDescriptor queue) : queue_(std::move(queue)) {}

  struct Watched {
    bool has_new = false;  // of one of them nothing was heard before this call
    std::vector<SystemError> errors;
  };
  struct Directories {
    std::set<std::string> for_files{};    // that are written to their end, come, or go
    std::set<std::string> for_entries{};  // the same for links and directories, and whose rights
                                          // change; while a file is written it is not settled
  };
  // Watches these directories and no others. One that was removed and made again is new.
  Watched watch(const Directories& directories);

 private:
  FileDescriptor queue_;
  std::set<int> watched_;  // the kernel's numbers for them
};

// Hears when files of these directories are written to their end, come, or go.
class DirectoryChanges : public EventSource {
 public:
  // When a burst of changes is over: after so long without another one, and so long after the first
  // at the latest.
  struct Burst {
    Duration quiet = std::chrono::milliseconds(50);
    Duration longest = std::chrono::milliseconds(50);
  };
  DirectoryChanges(FileDescriptor queue, const Burst& burst)
      : queue_(std::move(queue)), burst_(burst) {}

  // The names of files, without their directories, of which something was heard a moment ago: a
  // burst of changes is one.
  std::set<std::string> take_changed();

  std::vector<int> descriptors() const override { return {queue_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return due_; }

 private:
  // Whether anything was heard.
  bool hear();

  FileDescriptor queue_;
  Burst burst_;
  std::set<std::string> changed_;
  std::optional<Instant> began_;  // a burst
  std::optional<Instant> due_;    // when the burst that began is taken as over
  bool is_due_ = false;
};

}  // namespace pxeproof::live
