#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/explained_capture.h"

namespace pxeproof::cli {

// One self-contained page on these boots of a capture: what was found, ladder, timing, and steps
// that unfold to their packets. Reads the capture once more for these, unless it is standard input.
std::string explain_page(const ExplainedCapture& capture, const std::vector<std::size_t>& places);

}  // namespace pxeproof::cli
