#pragma once

#include <cstdint>
#include <string_view>

#include "cli/fleet_result.h"

namespace pxeproof::cli {

// One exchange, and between which phases it takes place.
struct FleetPart {
  rom::Exchange exchange = rom::Exchange::Discover;
  rom::Phase first = rom::Phase::Offer;
  rom::Phase last = rom::Phase::Payload;
  std::string_view name{};
};
const FleetPart& part_of(rom::Exchange exchange);

// Machines that did not reach a phase.
std::uint64_t failed_before(const rom::FleetTally& tally, rom::Phase phase);
// Machines that failed in an exchange's phases, and those that were still there at the end.
std::uint64_t failed_in(const rom::FleetTally& tally, const FleetPart& part);
std::uint64_t busy_in(const rom::FleetTally& tally, const FleetPart& part);
std::uint64_t troubled_in(const rom::FleetTally& tally, const FleetPart& part);

// What became of an exchange's questions.
struct FleetFate {
  FleetPart part{};
  std::uint64_t asked = 0;
  std::uint64_t questions_lost = 0;  // on the machines' own cables
  std::uint64_t answers_lost = 0;    // there too
  std::uint64_t silent = 0;          // left the machines, and no answer came or was lost
  // Of a machine that is under way, one question may just be on its way to its answer.
  std::uint64_t in_flight = 0;

  std::uint64_t in_vain() const { return silent > in_flight ? silent - in_flight : 0; }
  std::uint64_t lost() const { return questions_lost + answers_lost; }
  double share() const {
    return asked == 0 ? 0 : static_cast<double>(lost() + silent) / static_cast<double>(asked);
  }
};
FleetFate fate_of(const FleetResult& result, const FleetPart& part);

// The exchange that lost the largest share of its questions, of those in whose phases most machines
// came to grief, and which lost enough to explain most of these. Nothing asked: there is none.
FleetFate worst_exchange(const FleetResult& result);

// What was lost on all the machines' own cables.
std::uint64_t lost_on_cables(const FleetResult& result);

}  // namespace pxeproof::cli
