#pragma once

#include <string>

#include "conformance/result.h"

namespace pxeproof::conformance {

// One self-contained page: cases against targets, each cell with what was seen.
std::string write_html(const Run& run, std::string_view tool_version);

// The same matrix as a Markdown table, for docs/conformance.md.
std::string write_markdown_matrix(const Run& run);

}  // namespace pxeproof::conformance
