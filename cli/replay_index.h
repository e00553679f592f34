#pragma once

#include <string>
#include <vector>

#include "cli/failure.h"

namespace pxeproof::cli {

// A capture to replay, with what is known of how it was made.
struct ReplaySource {
  std::string file;
  std::string server;         // that answered when it was recorded; empty: unknown
  std::string configuration;  // its text; empty: unknown
};

// One capture, or all of a directory in the order of their names. An INDEX.toml beside a capture
// says how it was made: [[capture]] with file, server and configuration, which is the text or the
// name of a file beside the index.
Outcome<std::vector<ReplaySource>> find_replay_sources(const std::string& path);

}  // namespace pxeproof::cli
