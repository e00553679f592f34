#pragma once

#include <string>
#include <string_view>

#include "tests/support/test_directory.h"

namespace pxeproof::testing {

// Where a test writes a file: in a directory of this process alone, since CTest runs the cases of
// one program beside each other. The directory goes with the process.
inline std::string scratch(std::string_view name) {
  static const TestDirectory directory;
  return directory / name;
}

}  // namespace pxeproof::testing
