#include "live/private_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string_view>
#include <vector>

#include "live/file_descriptor.h"

namespace pxeproof::live {
namespace {

constexpr unsigned kCloneTree = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  const int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(copy), closedir);
  while (stream) {
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr) {
      break;
    }
    const std::string_view name(entry->d_name);
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  return names;
}

SystemResult<void> attach(const FileDescriptor& tree, const std::string& at) {
  if (move_mount(tree.number(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return fail(last_error("private mount at " + at));
  }
  return {};
}

// Shows again, at directory/name, what the memory file system over directory hides.
SystemResult<void> show_again(int below, const std::string& directory, const std::string& name) {
  struct stat what {};
  if (fstatat(below, name.c_str(), &what, AT_SYMLINK_NOFOLLOW) != 0) {
    return {};  // Gone meanwhile, or not ours to see: hidden, like before.
  }
  const std::string path = directory + "/" + name;
  if (S_ISLNK(what.st_mode)) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlinkat(below, name.c_str(), target.data(), target.size() - 1);
    if (length < 0 || symlink(target.data(), path.c_str()) != 0) {
      return fail(last_error("private mount at " + path));
    }
    return {};
  }
  const int made =
      S_ISDIR(what.st_mode) ? mkdir(path.c_str(), 0755) : mknod(path.c_str(), S_IFREG | 0644, 0);
  const FileDescriptor tree(open_tree(below, name.c_str(), kCloneTree | AT_SYMLINK_NOFOLLOW));
  if (made != 0 || !tree.is_open()) {
    return fail(last_error("private mount at " + path));
  }
  return attach(tree, path);
}

SystemResult<void> cover(const std::string& directory) {
  const FileDescriptor below(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!below.is_open()) {
    return fail(last_error(directory));
  }
  const auto names = names_in(below.number());
  if (mount("tmpfs", directory.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return fail(last_error("private mount at " + directory));
  }
  for (const std::string& name : names) {
    if (auto shown = show_again(below.number(), directory, name); !shown) {
      return shown;
    }
  }
  return {};
}

bool is_directory(const std::string& path) {
  struct stat what {};
  return stat(path.c_str(), &what) == 0 && S_ISDIR(what.st_mode);
}

SystemResult<void> make_directories(const std::string& path, std::size_t from) {
  for (std::size_t end = path.find('/', from);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      return fail(last_error(part));
    }
    if (end == std::string::npos) {
      return {};
    }
  }
}

SystemResult<void> ensure_directory(const std::string& path) {
  if (path.empty() || path.front() != '/') {
    return fail(error_of(EINVAL, "private mount at \"" + path + "\"", "name it from the root on"));
  }
  if (is_directory(path)) {
    return {};
  }
  std::string ancestor = path;
  while (!is_directory(ancestor.empty() ? "/" : ancestor)) {
    ancestor.resize(ancestor.rfind('/'));
  }
  const bool is_root = ancestor.empty();
  if (is_root) {
    return fail(error_of(ENOTSUP, "private mount at " + path,
                         "choose a place below a directory that exists, such as /srv or /var/lib"));
  }
  if (auto covered = cover(ancestor); !covered) {
    return covered;
  }
  return make_directories(path, ancestor.size() + 1);
}

}  // namespace

SystemResult<FileDescriptor> take_tree(const TreeMount& mount) {
  FileDescriptor tree(open_tree(AT_FDCWD, mount.source.c_str(), kCloneTree));
  if (!tree.is_open()) {
    return fail(last_error(mount.source, "check that the directory exists and is readable"));
  }
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  if (mount_setattr(tree.number(), "", AT_EMPTY_PATH | AT_RECURSIVE, &read_only,
                    sizeof read_only) != 0) {
    return fail(last_error(mount.source + ": cannot be made read-only"));
  }
  return tree;
}

SystemResult<void> put_tree(const FileDescriptor& tree, const TreeMount& mount) {
  if (auto ensured = ensure_directory(mount.at); !ensured) {
    return ensured;
  }
  return attach(tree, mount.at);
}

SystemResult<void> mount_private_directory(const std::string& path) {
  if (auto ensured = ensure_directory(path); !ensured) {
    return ensured;
  }
  if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return fail(last_error("private directory " + path));
  }
  return {};
}

}  // namespace pxeproof::live
