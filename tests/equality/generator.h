#pragma once

#include <cstdint>
#include <vector>

#include "protocol/random.h"
#include "tests/equality/scenario.h"

namespace pxeproof::equality {

// A proxy configuration drawn from everything that pxe-service, pxe-prompt, dhcp-boot, vendor
// options, tags and ranges can say, with requests that its clients may make of it.
Scenario draw_proxy_scenario(Random random, std::size_t steps);

// An ordinary range with PXE on top (facts of dnsmasq: header fields and options 66 and 67, option
// 43 by option 55), with whole conversations: DORA, renewal, refusal, decline, release.
Scenario draw_pool_scenario(Random random, std::size_t clients);

// The cases that a draw may miss: one of each kind that users have.
std::vector<Scenario> chosen_scenarios();

// Each directive of an address server, relay or menu that the draws above leave out.
std::vector<Scenario> directive_scenarios();

// Any of those lines together, with requests that have any of the options they look at.
Scenario draw_directive_scenario(Random random, std::size_t steps);

}  // namespace pxeproof::equality
