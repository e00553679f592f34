#include "cli/tree_content.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "trace/sha256.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

std::optional<Bytes> read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  Bytes octets{std::istreambuf_iterator<char>(file), {}};
  return octets;
}

}  // namespace

std::optional<ByteView> TreeContent::find(std::string_view name) const {
  if (root_.empty()) return std::nullopt;
  auto known = files_.find(name);
  if (known == files_.end()) {
    // As servers read names: '\' is '/', and a leading '/' is the root.
    std::string path(name);
    std::ranges::replace(path, '\\', '/');
    fs::path relative = fs::path(path).lexically_normal().relative_path();
    // A name that begins with the root is taken as it is.
    if (path.starts_with(root_ + "/")) relative = fs::path(path).lexically_relative(root_);
    known = files_.emplace(std::string(name), read_file(fs::path(root_) / relative)).first;
  }
  if (!known->second) return std::nullopt;
  return ByteView(*known->second);
}

std::optional<std::string> TreeContent::sha256(std::string_view name) const {
  const auto content = find(name);
  if (!content) return std::nullopt;
  return trace::sha256_hex(*content);
}

}  // namespace pxeproof::cli
