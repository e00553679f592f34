#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tests/equality/arena.h"
#include "tests/equality/scenario.h"

namespace pxeproof::equality {

// The ids of the table "DHCP and PXE" in docs/differences-from-dnsmasq.md, in the order in which
// they are applied.
std::vector<std::string_view> difference_ids();

// What dnsmasq is asked instead of a step, when a difference is one of what is understood of the
// request; its answer is then what ours must be.
struct Rewriting {
  std::string_view id;
  Step step;
};
std::optional<Rewriting> rewrite(const Scenario& scenario, const Step& step);

// Turns what dnsmasq said (nullopt: silence) into what ours must say, and returns the ids of the
// differences that changed something.
std::vector<std::string_view> apply_differences(const Scenario& scenario, const Step& step,
                                                std::optional<Reply>& reply);

// What no two runs have in common: the random spread of renewal times, and the seconds that are
// left of a lease in the answer to an INFORM. Makes them what they are without, when they are in
// their bounds; true when there was such a time.
bool smooth_times(const Step& step, Reply& reply);

}  // namespace pxeproof::equality
