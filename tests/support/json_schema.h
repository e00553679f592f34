#pragma once

#include <string>

namespace pxeproof::testing {

// As much of JSON Schema as ours use: every key is described, and none that is required is missing.
void expect_as_in_schema(const std::string& schema_file, const std::string& json);

}  // namespace pxeproof::testing
