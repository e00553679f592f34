#include "cli/replay_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pxeproof::cli {

namespace {

using conformance::Difference;
using conformance::Rank;
using conformance::ReplayedTurn;
using Json = nlohmann::ordered_json;

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::Equal:
      return "pass";
    case Ending::Loose:
      return "pass~";
    case Ending::Different:
      return "FAIL";
  }
  return {};
}

Json to_json(const ReplayedTurn& turn) {
  Json differences = Json::array();
  for (const Difference& each : turn.differences) {
    differences.push_back({{"field", each.field},
                           {"recorded", each.recorded},
                           {"live", each.live},
                           {"rank", std::string(to_string(each.rank))},
                           {"documented", each.documented}});
  }
  return {{"packet", turn.turn->packet},
          {"sent", turn.sent},
          {"recorded", turn.recorded},
          {"live", turn.live},
          {"differences", std::move(differences)}};
}

}  // namespace

Ending judge(const std::vector<ReplayedTurn>& turns) {
  Ending ending = Ending::Equal;
  for (const ReplayedTurn& turn : turns) {
    for (const Difference& each : turn.differences) {
      const bool counts = each.rank == Rank::Semantic && each.documented.empty();
      ending = std::max(ending, counts ? Ending::Different : Ending::Loose);
    }
  }
  return ending;
}

void print_replay(const Replay& replay, const std::vector<ReplayedTurn>& turns, int verbosity) {
  const Ending ending = judge(turns);
  fmt::print("{:<5} {} with {}: {}, {} turns with {}\n", to_string(ending), replay.capture,
             replay.target, to_string(replay.dialogue->client), turns.size(),
             to_string(replay.dialogue->server));
  for (const ReplayedTurn& turn : turns) {
    if (verbosity > 0) {
      fmt::print("   {:>4}  {:<28} {}{}\n", turn.turn->packet, turn.sent, turn.live,
                 turn.live == turn.recorded ? "" : fmt::format("   (recorded: {})", turn.recorded));
    }
    for (const Difference& each : turn.differences) {
      const bool is_finding = each.rank == Rank::Semantic && each.documented.empty();
      if (!is_finding && verbosity == 0) continue;
      fmt::print("      packet {} {}, {}: recorded {}, now {}   {}{}\n", turn.turn->packet,
                 turn.sent, each.field, each.recorded, each.live, to_string(each.rank),
                 each.documented.empty() ? "" : "   documented: " + each.documented);
    }
  }
  std::vector<std::string> ids;
  std::size_t cosmetic = 0;
  for (const ReplayedTurn& turn : turns) {
    for (const Difference& each : turn.differences) {
      if (each.documented.empty()) {
        cosmetic += each.rank == Rank::Semantic ? 0 : 1;
      } else if (std::ranges::find(ids, each.documented) == ids.end()) {
        ids.push_back(each.documented);
      }
    }
  }
  if (!ids.empty()) {
    fmt::print("      as documented in differences-from-dnsmasq.md: {}\n", fmt::join(ids, ", "));
  }
  if (cosmetic > 0 && verbosity == 0) {
    fmt::print("      {} differences of timing or cosmetics: -v lists them\n", cosmetic);
  }
}

std::string replay_entry(const Replay& replay, const std::vector<ReplayedTurn>& turns) {
  Json each = Json::array();
  for (const ReplayedTurn& turn : turns) each.push_back(to_json(turn));
  const Json entry = {{"capture", replay.capture},
                      {"client", to_string(replay.dialogue->client)},
                      {"target", replay.target},
                      {"verdict", std::string(to_string(judge(turns)))},
                      {"turns", std::move(each)}};
  return entry.dump();
}

}  // namespace pxeproof::cli
