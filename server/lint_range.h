#pragma once

#include <vector>

#include "server/lint_findings.h"

namespace pxeproof::server {

// Two ranges on one subnet, by the netmask a range names, by an interface of this machine, or, when
// neither says, by the first three octets.
bool are_neighbours(const DhcpRange& one, const DhcpRange& other,
                    const LintSurroundings& surroundings);

// The ranges whose PXE clients are told by a proxy answer what to boot, and those whose clients are
// told in their lease: a proxy range on the same subnet comes before that.
std::vector<const DhcpRange*> proxy_ranges(const LintFindings& findings);
std::vector<const DhcpRange*> boot_lease_ranges(const LintFindings& findings);

// A client of the range can satisfy the conditions. It is one of the findings' configuration.
bool may_meet_in(const LintFindings& findings, const DhcpRange& range,
                 const std::vector<TagCondition>& conditions);

std::vector<TagCondition> both(const std::vector<TagCondition>& one,
                               const std::vector<TagCondition>& other);

// What is known of the tags of every client of a range.
std::vector<TagCondition> conditions_of(const DhcpRange& range);

}  // namespace pxeproof::server
