#pragma once

#include <filesystem>

#include "cli/failure.h"

namespace pxeproof::cli {

// Makes the conformance suite's fixture in a directory, which must exist: the tree to serve, and
// beside it what must never be served. Files of another owner are left out where only one user is
// mapped.
enum class ForeignFiles { Made, LeftOut };
Outcome<ForeignFiles> make_conformance_fixture(const std::filesystem::path& directory);

}  // namespace pxeproof::cli
