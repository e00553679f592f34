#include "server/file_name.h"

#include <algorithm>
#include <vector>

#include "protocol/letter_case.h"

namespace pxeproof::server {

namespace {

// PATH_MAX and NAME_MAX of Linux, less room for the root.
constexpr std::size_t kLongestName = 1024;
constexpr std::size_t kLongestPart = 255;

std::string with_slashes(std::string_view requested, const FileNameRules& rules) {
  std::string name(requested);
  std::ranges::replace(name, '\\', '/');
  if (rules.lowercase) std::ranges::transform(name, name.begin(), to_lower);
  return name;
}

std::string_view without_trailing_slashes(std::string_view directory) {
  while (!directory.empty() && directory.back() == '/') directory.remove_suffix(1);
  return directory;
}

// Cuts "directory/" off the front of name; false when name does not start with it.
bool cut_directory(std::string_view& name, std::string_view directory) {
  if (directory.empty() || !name.starts_with(directory)) return false;
  const std::string_view rest = name.substr(directory.size());
  if (!rest.starts_with('/')) return false;
  name = rest;
  return true;
}

enum class AboveTheTop { IsOutside, IsTheTop };

// The parts of a name without the empty and "." ones, ".." resolved.
Result<std::vector<std::string_view>, FileFault> parts_of(std::string_view name,
                                                          AboveTheTop above) {
  std::vector<std::string_view> parts;
  bool names_directory = true;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    const bool last = part.size() == name.size();
    name.remove_prefix(last ? part.size() : part.size() + 1);
    if (part.size() > kLongestPart) return fail(FileFault::NameTooLong);
    names_directory = !last || part.empty() || part == "." || part == "..";
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
      continue;
    }
    if (!parts.empty()) {
      parts.pop_back();
    } else if (above == AboveTheTop::IsOutside) {
      return fail(FileFault::OutsideRoot);
    }
  }
  if (parts.empty()) return fail(FileFault::NotAFile);
  // There is no file of a name that ends like a directory's, whether the directory is there or not.
  if (names_directory) return fail(FileFault::NotFound);
  return parts;
}

}  // namespace

Result<ResolvedName, FileFault> resolve_name(std::string_view requested,
                                             const FileNameRules& rules) {
  if (requested.size() > kLongestName) return fail(FileFault::NameTooLong);
  const std::string name = with_slashes(requested, rules);
  std::string_view left = name;

  ResolvedName resolved{rules.root, rules.unique_directory, {}};
  if (cut_directory(left, without_trailing_slashes(rules.root)) &&
      !rules.unique_directory.empty()) {
    std::string_view below = left.substr(1);
    if (cut_directory(below, rules.unique_directory)) left = below;
  }

  const auto parts =
      parts_of(left, rules.root.empty() ? AboveTheTop::IsTheTop : AboveTheTop::IsOutside);
  if (!parts) return fail(parts.error());
  for (const std::string_view part : *parts) {
    if (!resolved.path.empty()) resolved.path += '/';
    resolved.path += part;
  }
  return resolved;
}

}  // namespace pxeproof::server
