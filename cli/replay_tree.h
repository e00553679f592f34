#pragma once

#include <filesystem>
#include <string>

#include "cli/failure.h"
#include "conformance/dialogue.h"

namespace pxeproof::cli {

// Makes a tree with the files that the recorded client read, of the recorded sizes and made-up
// octets; a name that would lead out of the tree is left out.
Outcome<void> make_replay_tree(const conformance::Dialogue& dialogue,
                               const std::filesystem::path& directory);

// A configuration whose TFTP root is this directory.
std::string with_tftp_root(const std::string& configuration, const std::string& root);

}  // namespace pxeproof::cli
