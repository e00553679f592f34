#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/configuration_reader.h"
#include "tests/server/memory_files.h"

namespace pxeproof::server {

// What a configuration file of this text reads as. A failure of the test when it does not load.
inline LoadedConfiguration load(const std::string& text, MemoryFiles files = {}) {
  auto result = read_configuration({.files = {{"test.conf", text}}}, files);
  if (result) return *std::move(result);
  for (const Diagnostic& error : result.error()) ADD_FAILURE() << to_string(error);
  return {};
}

inline Configuration read(const std::string& text, MemoryFiles files = {}) {
  return load(text, std::move(files)).configuration;
}

// The errors of a configuration that must not load, as they are printed.
inline std::vector<std::string> errors_of(const std::string& text, MemoryFiles files = {}) {
  auto result = read_configuration({.files = {{"test.conf", text}}}, files);
  if (result) return {};
  std::vector<std::string> printed;
  for (const Diagnostic& error : result.error()) printed.push_back(to_string(error));
  return printed;
}

inline bool loads(const std::string& text, MemoryFiles files = {}) {
  return read_configuration({.files = {{"test.conf", text}}}, files).has_value();
}

inline std::vector<std::string> printed(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> result;
  for (const Diagnostic& diagnostic : diagnostics) result.push_back(to_string(diagnostic));
  return result;
}

}  // namespace pxeproof::server
