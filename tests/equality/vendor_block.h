#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "tests/equality/scenario.h"

namespace pxeproof::equality {

// How option 43 of a menu is made: as dnsmasq does, or with the differences.
struct BlockRules {
  bool lists_configured_servers = false;  // D15
  bool resolves_names = false;            // D9
  bool replaces_own = false;              // D14
  bool clamps_prompts = false;            // D23
  bool allows_multicast = false;          // the user's 43.7
  std::size_t limit = 100'000;            // D12, D13 and menus over 255 octets: octets of the value

  static BlockRules ours(std::size_t limit) {
    return {.lists_configured_servers = true,
            .resolves_names = true,
            .replaces_own = true,
            .clamps_prompts = true,
            .allows_multicast = true,
            .limit = limit};
  }
};

// The value of option 43 for these services; nullopt when not one of them fits.
std::optional<Bytes> menu_block(const Scenario& scenario, const dhcp::Message& message,
                                const std::vector<const Service*>& services,
                                const BlockRules& rules);

// The value of option 43 in the answer to a boot item.
Bytes item_block(const Scenario& scenario, const dhcp::Message& message, std::uint32_t item,
                 const BlockRules& rules);

}  // namespace pxeproof::equality
