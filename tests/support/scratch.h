#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace pxeproof::testing {

// Where a test writes a file: in a directory of this process alone, since CTest runs the cases of
// one program beside each other. The directory goes with the process.
inline std::string scratch(std::string_view name) {
  struct Directory {
    Directory() {
      std::string pattern = (std::filesystem::temp_directory_path() / "pxeproof-XXXXXX").string();
      if (mkdtemp(pattern.data()) == nullptr) std::abort();
      path = pattern;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
      std::error_code error;
      std::filesystem::remove_all(path, error);
    }
    std::filesystem::path path;
  };
  static const Directory directory;
  return (directory.path / name).string();
}

}  // namespace pxeproof::testing
