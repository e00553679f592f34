#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace pxeproof {

// A directory that vanishes with the test. Everybody may read it, also servers that gave up their
// rights.
class TestDirectory {
 public:
  TestDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "pxeproof-test-XXXXXX";
    const char* made = mkdtemp(name.data());
    assert(made != nullptr);
    path_ = made;
    chmod(path_.c_str(), 0755);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  std::string write(std::string_view name, std::string_view content) const {
    const std::string path = *this / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << content;
    using std::filesystem::perms;
    std::filesystem::permissions(path, perms::group_read | perms::others_read,
                                 std::filesystem::perm_options::add);
    return path;
  }

 private:
  std::string path_;
};

}  // namespace pxeproof
