#pragma once

#include <string>

#include "protocol/bytes.h"

namespace pxeproof::cli {

// The beginning of a file, as much as firmware::read_boot_program wants; empty when it cannot be
// read.
Bytes read_program_head(const std::string& path);

}  // namespace pxeproof::cli
