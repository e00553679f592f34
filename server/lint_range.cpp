#include "server/lint_range.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

bool is_proxy(const DhcpRange& range) { return range.kind == DhcpRange::Kind::Proxy; }

}  // namespace

bool are_neighbours(const DhcpRange& one, const DhcpRange& other,
                    const LintSurroundings& surroundings) {
  for (const auto& netmask : {one.netmask, other.netmask}) {
    if (netmask) return Subnet{one.start, *netmask}.contains(other.start);
  }
  for (const Subnet& subnet : surroundings.subnets) {
    if (subnet.contains(one.start)) return subnet.contains(other.start);
  }
  return Subnet{one.start, Ipv4Address::of(255, 255, 255, 0)}.contains(other.start);
}

std::vector<const DhcpRange*> proxy_ranges(const LintFindings& findings) {
  std::vector<const DhcpRange*> result;
  for (const DhcpRange& range : findings.configuration().ranges) {
    if (is_proxy(range)) result.push_back(&range);
  }
  return result;
}

std::vector<const DhcpRange*> boot_lease_ranges(const LintFindings& findings) {
  const std::vector<const DhcpRange*> proxies = proxy_ranges(findings);
  std::vector<const DhcpRange*> result;
  for (const DhcpRange& range : findings.configuration().ranges) {
    const bool is_beside_proxy = std::ranges::any_of(proxies, [&](const DhcpRange* proxy) {
      return are_neighbours(*proxy, range, findings.surroundings());
    });
    if (!is_proxy(range) && !is_beside_proxy) result.push_back(&range);
  }
  return result;
}

std::vector<TagCondition> both(const std::vector<TagCondition>& one,
                               const std::vector<TagCondition>& other) {
  std::vector<TagCondition> result = one;
  result.insert(result.end(), other.begin(), other.end());
  return result;
}

std::vector<TagCondition> conditions_of(const DhcpRange& range) {
  std::vector<TagCondition> result = range.conditions;
  for (const std::string& tag : range.set_tags) result.push_back({.name = tag, .negated = false});
  return result;
}

bool may_meet_in(const LintFindings& findings, const DhcpRange& range,
                 const std::vector<TagCondition>& conditions) {
  const std::vector<TagCondition> all = both(conditions, conditions_of(range));
  if (!are_compatible(all, all)) return false;
  const auto number = static_cast<std::size_t>(&range - findings.configuration().ranges.data());
  TagOwners clients{.architectures = {}, .macs = {}, .ranges = RangeNumbers{number}};
  return clients.narrow_to(findings.owners_of(all));
}

}  // namespace pxeproof::server
