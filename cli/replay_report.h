#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/dialogue.h"
#include "conformance/replay.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

// One dialogue with one target.
struct Replay {
  std::string capture;
  const conformance::Dialogue* dialogue = nullptr;
  std::string target;
  const conformance::TargetFile* program = nullptr;  // of a target that is neither of the two known
  conformance::Comparison comparison = conformance::Comparison::Foreign;
};

// How a replay ended, worst last.
enum class Ending { Equal, Loose, Different };

// A semantic difference that differences-from-dnsmasq.md does not list is a failure.
Ending judge(const std::vector<conformance::ReplayedTurn>& turns);

// For people: the verdict, what differs, and with -v each turn.
void print_replay(const Replay& replay, const std::vector<conformance::ReplayedTurn>& turns,
                  int verbosity);

// For the report: one line of JSON.
std::string replay_entry(const Replay& replay, const std::vector<conformance::ReplayedTurn>& turns);

}  // namespace pxeproof::cli
