#include "live/path_walk.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace pxeproof::live {
namespace {

constexpr int kMaximumLinks = 40;  // as the kernel
constexpr mode_t kOthersMayWrite = S_IWGRP | S_IWOTH;

using Opened = Result<WalkedPath, FileFault>;

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Opened open_for_path(int directory, const char* name) {
  WalkedPath path;
  path.file = FileDescriptor(openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!path.file.is_open() || fstat(path.file.number(), &path.status) != 0) {
    return fail(fault_of(errno));
  }
  return path;
}

// Opens for reading what was looked at before. O_NONBLOCK: should a FIFO have taken the file's
// place since, opening it does not wait for a writer.
Opened open_for_reading(int directory, const char* name, const struct stat& seen) {
  WalkedPath path;
  path.file = FileDescriptor(
      openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!path.file.is_open() || fstat(path.file.number(), &path.status) != 0) {
    return fail(fault_of(errno));
  }
  if (!is_same(path.status, seen)) {
    return fail(FileFault::Changed);
  }
  return path;
}

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr), std::free);
  return resolved ? std::string(resolved.get()) : path;
}

// Where a component of the way comes from, which decides whether it may lead out of the root.
enum class Origin { Request, UntrustedLink, TrustedLink };

struct Component {
  std::string name;
  Origin origin = Origin::Request;
};

class Walk {
 public:
  Walk(WalkedPath root, const std::string& root_name, Wanted wanted)
      : root_names_({trim(root_name), trim(real_path(root_name))}),
        trusted_owners_({0, root.status.st_uid, owner_of_file_system()}),
        wanted_(wanted) {
    steps_.push_back(std::move(root));
  }

  Opened run(std::string_view name) {
    push(name, Origin::Request);
    while (!pending_.empty()) {
      const Component component = std::move(pending_.front());
      pending_.pop_front();
      auto found = step(component);
      if (!found || found->file.is_open()) {
        return found;
      }
    }
    if (wanted_ == Wanted::RegularFile) {
      return fail(FileFault::NotAFile);
    }
    return std::move(steps_.back());
  }

 private:
  static std::string trim(std::string name) {
    while (name.ends_with('/')) {
      name.pop_back();
    }
    return name;
  }

  // uid 0, as it looks from inside a user namespace where it is not mapped.
  static uid_t owner_of_file_system() {
    struct stat status {};
    return stat("/", &status) == 0 ? status.st_uid : 0;
  }

  void push(std::string_view text, Origin origin) {
    std::vector<Component> components;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('/'), text.size());
      if (end > 0) {
        components.push_back({.name = std::string(text.substr(0, end)), .origin = origin});
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    pending_.insert(pending_.begin(), components.begin(), components.end());
  }

  // One component further. The result is the wanted file, or nothing open: go on.
  Opened step(const Component& component) {
    if (component.name == ".") {
      return WalkedPath{};
    }
    if (component.name == "..") {
      return step_up(component.origin);
    }
    const int here = steps_.back().file.number();
    auto next = open_for_path(here, component.name.c_str());
    if (!next) {
      return next;
    }
    const mode_t mode = next->status.st_mode;
    if (S_ISLNK(mode)) {
      return follow(*next);
    }
    if (S_ISDIR(mode)) {
      steps_.push_back(std::move(*next));
      return WalkedPath{};
    }
    if (!pending_.empty()) {
      return fail(FileFault::NotFound);  // A file used as a directory.
    }
    if (!S_ISREG(mode) || wanted_ == Wanted::Directory) {
      return fail(FileFault::NotAFile);
    }
    return open_for_reading(here, component.name.c_str(), next->status);
  }

  // Back to where the walk came from; the directory itself may have been moved since.
  Opened step_up(Origin origin) {
    if (steps_.size() > 1) {
      steps_.pop_back();
      return WalkedPath{};
    }
    if (!is_outside_ && origin != Origin::TrustedLink) {
      return fail(origin == Origin::Request ? FileFault::OutsideRoot : FileFault::UntrustedLink);
    }
    return leave_to(steps_.back().file.number(), "..");
  }

  Opened leave_to(int directory, const char* name) {
    auto outside = open_for_path(directory, name);
    if (!outside) {
      return outside;
    }
    is_outside_ = true;
    steps_.clear();
    steps_.push_back(std::move(*outside));
    return WalkedPath{};
  }

  Opened follow(const WalkedPath& link) {
    if (++links_ > kMaximumLinks) {
      return fail(FileFault::NotFound);
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlinkat(link.file.number(), "", target.data(), target.size());
    if (length < 0) {
      return fail(fault_of(errno));
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(length));
    const Origin origin = is_trusted(link) ? Origin::TrustedLink : Origin::UntrustedLink;
    if (is_outside_ && origin == Origin::UntrustedLink) {
      return fail(FileFault::UntrustedLink);
    }
    if (!text.starts_with('/')) {
      push(text, origin);
      return WalkedPath{};
    }
    if (const auto inside = below_root(text); inside && !is_outside_) {
      steps_.resize(1);
      push(*inside, origin);
      return WalkedPath{};
    }
    if (origin == Origin::UntrustedLink) {
      return fail(FileFault::UntrustedLink);
    }
    push(text, origin);
    return leave_to(AT_FDCWD, "/");
  }

  // The rest of an absolute link's text behind the root's own name.
  std::optional<std::string_view> below_root(std::string_view text) const {
    for (const std::string& name : root_names_) {
      if (text.starts_with(name) && (text.size() == name.size() || text[name.size()] == '/')) {
        return text.substr(name.size());
      }
    }
    return std::nullopt;
  }

  bool is_trusted(const WalkedPath& link) const {
    const bool is_trusted_owner = std::find(trusted_owners_.begin(), trusted_owners_.end(),
                                            link.status.st_uid) != trusted_owners_.end();
    const auto may_be_exchanged = [this](const WalkedPath& directory) {
      const mode_t mode = directory.status.st_mode;
      // In /tmp and its like only the owner of a link may exchange it. Below the root not even that
      // will do: there the rule is the directory's mode.
      const bool is_protected = is_outside_ && (mode & S_ISVTX) != 0;
      return (mode & kOthersMayWrite) != 0 && !is_protected;
    };
    return is_trusted_owner && std::none_of(steps_.begin(), steps_.end(), may_be_exchanged);
  }

  std::array<std::string, 2> root_names_;  // as configured, and without links
  std::array<uid_t, 3> trusted_owners_;
  Wanted wanted_;
  std::vector<WalkedPath> steps_;  // directories from the root, or from where the walk left it
  std::deque<Component> pending_;
  bool is_outside_ = false;
  int links_ = 0;
};

// The kernel's own walk, which follows no link out of the root and no absolute one. nullopt: a link
// has to be looked at, or this kernel cannot.
std::optional<Opened> walk_by_kernel(int root, const std::string& name, Wanted wanted) {
  const auto open_beneath = [root, &name](int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    return FileDescriptor(
        static_cast<int>(syscall(SYS_openat2, root, name.c_str(), &how, sizeof how)));
  };
  WalkedPath seen;
  seen.file = open_beneath(O_PATH);
  if (!seen.file.is_open()) {
    const bool is_undecided =
        errno == EXDEV || errno == ELOOP || errno == EAGAIN || errno == ENOSYS || errno == EPERM;
    return is_undecided ? std::nullopt : std::optional<Opened>(fail(fault_of(errno)));
  }
  if (fstat(seen.file.number(), &seen.status) != 0) {
    return fail(fault_of(errno));
  }
  const bool is_wanted =
      wanted == Wanted::Directory ? S_ISDIR(seen.status.st_mode) : S_ISREG(seen.status.st_mode);
  if (!is_wanted) {
    return fail(FileFault::NotAFile);
  }
  if (wanted == Wanted::Directory) {
    return seen;
  }
  WalkedPath path;
  path.file = open_beneath(O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!path.file.is_open() || fstat(path.file.number(), &path.status) != 0) {
    return fail(fault_of(errno));
  }
  if (!is_same(path.status, seen.status)) {
    return fail(FileFault::Changed);
  }
  return path;
}

}  // namespace

FileFault fault_of(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
      return FileFault::NotFound;
    case EACCES:
    case EPERM:
      return FileFault::AccessDenied;
    case ENAMETOOLONG:
      return FileFault::NameTooLong;
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return FileFault::NotAFile;
    case EMFILE:
    case ENFILE:
      return FileFault::TooManyOpen;
    default:
      return FileFault::ReadFailed;
  }
}

Result<WalkedPath, FileFault> walk_below(const std::string& root, const std::string& name,
                                         Wanted wanted) {
  WalkedPath top;
  top.file = FileDescriptor(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top.file.is_open() || fstat(top.file.number(), &top.status) != 0) {
    return fail(fault_of(errno));
  }
  if (name.find('\0') != std::string::npos) {
    return fail(FileFault::NotFound);
  }
  if (auto found = walk_by_kernel(top.file.number(), name, wanted)) {
    return std::move(*found);
  }
  return Walk(std::move(top), root, wanted).run(name);
}

Result<WalkedPath, FileFault> walk_anywhere(const std::string& name) {
  const std::string path = name.starts_with('/') ? name : "/" + name;
  struct stat seen {};
  if (stat(path.c_str(), &seen) != 0) {
    return fail(fault_of(errno));
  }
  if (!S_ISREG(seen.st_mode)) {
    return fail(FileFault::NotAFile);
  }
  WalkedPath walked;
  walked.file = FileDescriptor(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!walked.file.is_open() || fstat(walked.file.number(), &walked.status) != 0) {
    return fail(fault_of(errno));
  }
  if (!is_same(walked.status, seen)) {
    return fail(FileFault::Changed);
  }
  return walked;
}

}  // namespace pxeproof::live
