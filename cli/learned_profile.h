#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/fidelity.h"
#include "cli/recorded_boot.h"
#include "simclient/received_file.h"

namespace pxeproof::cli {

struct LearnOptions {
  const rom::ExpectedContent* tree = nullptr;  // what the server served; must be given
  std::string name;                            // of the new profile
  std::string capture;                         // its file, for comments
  std::string start_from;  // the built-in profile it rests on; empty: the one that fits best
  std::uint64_t seed = 1;
};

// What was learned from one boot.
struct LearnedProfile {
  std::string text;      // the profile, TOML with a comment on each value
  std::string base;      // the built-in profile below it
  std::string why_base;  // how that was chosen
  std::size_t seen = 0;  // values that packets show
  // "dhcp.secs = ...": found by replaying the boot with other values until the packets were equal.
  std::vector<std::string> tried;
  std::size_t taken = 0;            // values that the capture does not show
  std::vector<std::string> unseen;  // whole phases among them, in words
  FidelityReport check;             // of the profile against the capture
};

// Writes a profile that sends what the recorded machine sent.
Outcome<LearnedProfile> learn_profile(const RecordedBoot& boot, const LearnOptions& options);

}  // namespace pxeproof::cli
