#include "server/lint_reach.h"

#include <algorithm>
#include <array>

#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

constexpr int kLongestChain = 4;  // of lines that each need a tag of the one before

// The receiving interface's name is a tag, too, and we do not know them all.
bool looks_like_an_interface(std::string_view name) {
  constexpr std::array<std::string_view, 16> kBeginnings = {
      "eth", "en",  "wl", "ww",    "br",     "bond", "vlan", "veth",
      "tap", "tun", "lo", "virbr", "docker", "vmbr", "wg",   "dummy"};
  return std::ranges::any_of(
      kBeginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

// Erases what never holds; whether there was any.
template <typename Line>
bool erase_dead(std::vector<Line>& lines, const SettableTags& tags, Star star) {
  return std::erase_if(lines, [&](const Line& line) {
           return !are_compatible(line.conditions, line.conditions) ||
                  std::ranges::any_of(line.conditions, [&](const TagCondition& each) {
                    return !each.negated && !tags.contains(each.name, star);
                  });
         }) > 0;
}

}  // namespace

SettableTags::SettableTags(const Configuration& configuration)
    : tags_{"known", "known-othernet", "bootp", "dhcpv6", "cpewan-id"} {
  const auto take = [this](const auto& lines) {
    for (const auto& line : lines) tags_.insert(line.set_tags.begin(), line.set_tags.end());
  };
  for (const TagRule& rule : configuration.tag_rules) tags_.insert(rule.set_tag);
  take(configuration.tag_ifs);
  take(configuration.hosts);
  take(configuration.ranges);
  tags_.insert(configuration.interfaces.begin(), configuration.interfaces.end());
}

bool SettableTags::contains(std::string_view name, Star star) const {
  if (tags_.contains(name)) return true;
  if (!name.ends_with('*')) return looks_like_an_interface(name);
  if (star == Star::Literal) return false;
  name.remove_suffix(1);
  const auto first = tags_.lower_bound(name);
  return (first != tags_.end() && first->starts_with(name)) || looks_like_an_interface(name);
}

Configuration without_dead_lines(const Configuration& configuration) {
  Configuration live = configuration;
  for (int round = 0; round < kLongestChain; ++round) {
    const SettableTags tags(live);
    bool is_changed = erase_dead(live.tag_ifs, tags, Star::Beginning);
    is_changed |= erase_dead(live.tag_rules, tags, Star::Literal);
    is_changed |= erase_dead(live.hosts, tags, Star::Literal);
    is_changed |= erase_dead(live.ranges, tags, Star::Literal);
    if (!is_changed) break;
  }
  const SettableTags tags(live);
  erase_dead(live.services, tags, Star::Literal);
  erase_dead(live.prompts, tags, Star::Literal);
  erase_dead(live.boots, tags, Star::Literal);
  erase_dead(live.options, tags, Star::Literal);
  return live;
}

}  // namespace pxeproof::server
