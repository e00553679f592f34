#pragma once

#include <vector>

#include "server/configuration.h"
#include "server/diagnostic.h"

namespace pxeproof::cli {

// What is wrong on the disk with the files that a configuration hands out by TFTP: a root or a file
// that is not there, or that only its owner may read.
std::vector<server::Diagnostic> check_boot_files(const server::Configuration& configuration);

}  // namespace pxeproof::cli
