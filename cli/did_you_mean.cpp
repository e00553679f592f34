#include "cli/did_you_mean.h"

#include <fmt/format.h>

#include "cli/arguments.h"

namespace pxeproof::cli {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  // One letter is near to anything short.
  const auto suggestion = word.size() < 2 ? std::nullopt : nearest(word, candidates);
  return suggestion ? fmt::format("; did you mean {}?", *suggestion) : std::string();
}

}  // namespace pxeproof::cli
