#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/configuration_reader.h"

namespace pxeproof::server {

// Texts by path.
using FileTexts = std::map<std::string, std::string>;

// Files in memory. A directory exists when a file lies in it.
class MemoryFiles : public ConfigurationFiles {
 public:
  MemoryFiles() = default;
  explicit MemoryFiles(FileTexts files) : files_(std::move(files)) {}

  Result<std::string, std::string> read(const std::string& path) override {
    const auto found = files_.find(path);
    if (found == files_.end()) return fail(std::string("No such file or directory"));
    return found->second;
  }

  Result<std::vector<std::string>, std::string> list(const std::string& path) override {
    std::vector<std::string> names;
    for (const auto& [name, text] : files_) {
      if (!name.starts_with(path + "/")) continue;
      const std::string rest = name.substr(path.size() + 1);
      if (rest.find('/') == std::string::npos) names.push_back(rest);
    }
    if (names.empty()) return fail(std::string("No such file or directory"));
    return names;
  }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace pxeproof::server
