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

bool is_dead(const std::vector<TagCondition>& conditions, const SettableTags& tags, Star star) {
  return !are_compatible(conditions, conditions) ||
         std::ranges::any_of(conditions, [&](const TagCondition& each) {
           return !each.negated && !tags.contains(each.name, star);
         });
}

// Erases what never holds; whether there was any.
template <typename Line>
bool erase_dead(std::vector<Line>& lines, const SettableTags& tags) {
  return std::erase_if(lines, [&](const Line& line) {
           return is_dead(line.conditions, tags, Star::Literal);
         }) > 0;
}

// The same for tag-if, which is gone through once, in the order of the file.
bool erase_dead_tag_ifs(Configuration& live) {
  SettableTags tags = SettableTags::before_tag_ifs(live);
  std::vector<TagIf> kept;
  for (TagIf& line : live.tag_ifs) {
    if (is_dead(line.conditions, tags, Star::Beginning)) continue;
    tags.add(line.set_tags);
    kept.push_back(std::move(line));
  }
  const bool is_changed = kept.size() != live.tag_ifs.size();
  live.tag_ifs = std::move(kept);
  return is_changed;
}

}  // namespace

SettableTags SettableTags::before_tag_ifs(const Configuration& configuration) {
  SettableTags result;
  result.tags_ = {"known", "known-othernet", "bootp", "dhcpv6", "cpewan-id"};
  for (const TagRule& rule : configuration.tag_rules) result.tags_.insert(rule.set_tag);
  for (const DhcpHost& host : configuration.hosts) result.add(host.set_tags);
  for (const DhcpRange& range : configuration.ranges) result.add(range.set_tags);
  result.add(configuration.interfaces);
  return result;
}

SettableTags::SettableTags(const Configuration& configuration)
    : SettableTags(before_tag_ifs(configuration)) {
  for (const TagIf& line : configuration.tag_ifs) add(line.set_tags);
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
    bool is_changed = erase_dead_tag_ifs(live);
    const SettableTags tags(live);
    is_changed |= erase_dead(live.tag_rules, tags);
    is_changed |= erase_dead(live.hosts, tags);
    is_changed |= erase_dead(live.ranges, tags);
    if (!is_changed) break;
  }
  const SettableTags tags(live);
  erase_dead(live.services, tags);
  erase_dead(live.prompts, tags);
  erase_dead(live.boots, tags);
  erase_dead(live.options, tags);
  return live;
}

}  // namespace pxeproof::server
