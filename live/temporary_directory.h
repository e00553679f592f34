#pragma once

#include <filesystem>
#include <string>

#include "live/system_error.h"

namespace pxeproof::live {

// A directory of its own name that vanishes, with all that is in it, when this object does.
class TemporaryDirectory {
 public:
  static SystemResult<TemporaryDirectory> create(const std::string& prefix);
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  void remove();

  std::filesystem::path path_;
};

}  // namespace pxeproof::live
