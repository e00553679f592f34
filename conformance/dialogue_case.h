#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/dialogue.h"
#include "protocol/result.h"

namespace pxeproof::conformance {

// Recorded conversations as a text that people edit (TOML, schema pxeproof/case/1): what each
// client says, field by field, and what the server is expected to answer. The origin is told in its
// head.
std::string write_case(const std::vector<Dialogue>& dialogues, std::string_view origin);

// Reads such a text. The error is "file:line: what is wrong". For every text that write_case wrote,
// writing what was read gives the text again.
Result<std::vector<Dialogue>, std::string> read_case(std::string_view text,
                                                     std::string_view origin);

}  // namespace pxeproof::conformance
