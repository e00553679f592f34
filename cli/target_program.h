#pragma once

#include <string>

#include "conformance/target_file.h"
#include "live/child_process.h"

namespace pxeproof::cli {

// Where the program of a target is: looked for in the directories of PXEPROOF_PEERS, in what ./dev
// unpacked of the package, on the PATH, and where Debian keeps servers, in this order.
std::string find_peer(const std::string& program, const std::string& package);

// What the placeholders of a target's command stand for.
struct TargetPlaces {
  std::string configuration{};  // {conf}, a file
  std::string root{};           // {root}, the served tree
  std::string fixture{};        // {fixture}, the directory with the tree in it
  std::string interface {};     // {interface}
};

// How the program of an exec target is started.
live::Command command_of(const conformance::TargetFile& target, const TargetPlaces& places);

}  // namespace pxeproof::cli
