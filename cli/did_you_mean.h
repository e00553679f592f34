#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::cli {

// "; did you mean NEAREST?" of a misspelt word; empty when none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace pxeproof::cli
