#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/faults/fault.h"
#include "protocol/result.h"

namespace pxeproof::cli {

// One word of a fault. "..." keeps blanks and semicolons together; \" and \\ stand for themselves
// in it.
struct FaultWord {
  std::string text{};
  std::size_t position = 0;  // counted from 1
  bool is_quoted = false;    // begins with a quote
};

// The words between two semicolons.
struct FaultSentence {
  std::string text{};  // without blanks round it
  std::vector<FaultWord> words{};
  std::size_t end = 0;  // the position behind it
};

Result<std::vector<FaultSentence>, FaultSyntaxError> split_faults(std::string_view text);

}  // namespace pxeproof::cli
