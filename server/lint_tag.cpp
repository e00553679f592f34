#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kX64 = 7;       // what EDK2 sends
constexpr std::uint16_t kByteCode = 9;  // what some x64 firmware sends

struct Condition {
  const TagCondition* tag;
  SourceLocation location;
};

template <typename Lines>
void append_conditions(const Lines& lines, std::vector<Condition>& out) {
  for (const auto& line : lines) {
    for (const TagCondition& condition : line.conditions) {
      out.push_back({&condition, line.location});
    }
  }
}

std::vector<Condition> all_conditions(const Configuration& configuration) {
  std::vector<Condition> result;
  append_conditions(configuration.ranges, result);
  append_conditions(configuration.services, result);
  append_conditions(configuration.prompts, result);
  append_conditions(configuration.boots, result);
  append_conditions(configuration.options, result);
  append_conditions(configuration.tag_ifs, result);
  append_conditions(configuration.hosts, result);
  append_conditions(configuration.reply_delays, result);
  const auto ignore = location_of(configuration, "dhcp-ignore");
  for (const auto& conditions : configuration.ignores) {
    for (const TagCondition& condition : conditions) {
      result.push_back({&condition, ignore.value_or(SourceLocation{})});
    }
  }
  return result;
}

std::set<std::string, std::less<>> tags_that_can_be_set(const Configuration& configuration) {
  // What dnsmasq sets by itself.
  std::set<std::string, std::less<>> tags{"known", "known-othernet", "bootp", "dhcpv6"};
  for (const TagRule& rule : configuration.tag_rules) tags.insert(rule.set_tag);
  for (const TagIf& tag_if : configuration.tag_ifs) {
    tags.insert(tag_if.set_tags.begin(), tag_if.set_tags.end());
  }
  for (const DhcpHost& host : configuration.hosts) {
    tags.insert(host.set_tags.begin(), host.set_tags.end());
  }
  for (const DhcpRange& range : configuration.ranges) {
    tags.insert(range.set_tags.begin(), range.set_tags.end());
  }
  tags.insert(configuration.interfaces.begin(), configuration.interfaces.end());
  return tags;
}

// The receiving interface's name is a tag, too, and we do not know them all.
bool looks_like_an_interface(std::string_view name) {
  constexpr std::array<std::string_view, 16> kBeginnings = {
      "eth", "en",  "wl", "ww",    "br",     "bond", "vlan", "veth",
      "tap", "tun", "lo", "virbr", "docker", "vmbr", "wg",   "dummy"};
  return std::ranges::any_of(
      kBeginnings, [&](std::string_view beginning) { return name.starts_with(beginning); });
}

bool can_be_set(std::string_view name, const std::set<std::string, std::less<>>& tags) {
  if (!name.ends_with('*')) return tags.contains(name);
  name.remove_suffix(1);
  return std::ranges::any_of(tags, [&](const std::string& tag) { return tag.starts_with(name); });
}

template <typename Lines>
void find_contradictions(LintFindings& findings, const Lines& lines) {
  for (const auto& line : lines) {
    if (are_compatible(line.conditions, line.conditions)) continue;
    findings.warn(line.location, "the line wants a tag both set and not set, so it is never used",
                  "remove one of the two");
  }
}

}  // namespace

void find_tags_never_set(LintFindings& findings) {
  const auto tags = tags_that_can_be_set(findings.configuration());
  std::set<std::string> reported;
  for (const Condition& condition : all_conditions(findings.configuration())) {
    const std::string& name = condition.tag->name;
    if (can_be_set(name, tags) || looks_like_an_interface(name)) continue;
    const std::string place = fmt::format("{} {}", to_string(condition.location), name);
    if (!reported.insert(place).second) continue;
    findings.warn(condition.location,
                  fmt::format("nothing sets the tag \"{}\", so {}", name,
                              condition.tag->negated ? "the condition always holds"
                                                     : "the line is never used"),
                  "correct the name, or set it with dhcp-match, dhcp-vendorclass or tag-if");
  }
}

void find_contradicting_tags(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  find_contradictions(findings, configuration.services);
  find_contradictions(findings, configuration.boots);
  find_contradictions(findings, configuration.prompts);
  find_contradictions(findings, configuration.options);
  find_contradictions(findings, configuration.tag_ifs);
}

void find_short_architecture_texts(LintFindings& findings) {
  constexpr std::string_view kPrefix = "Arch:";
  for (const TagRule& rule : findings.configuration().tag_rules) {
    const std::size_t at = rule.text.find(kPrefix);
    if (at == std::string::npos) continue;
    const std::string digits = rule.text.substr(at + kPrefix.size());
    const bool is_short = !digits.empty() && digits.size() < 5 && digits.front() != '0' &&
                          digits.find_first_not_of("0123456789") == std::string::npos;
    if (!is_short) continue;
    findings.warn(
        rule.location,
        fmt::format("clients write five digits, so \"{}\" matches none of them", rule.text),
        fmt::format("write Arch:{:0>5}", digits));
  }
}

void find_half_of_x64_tags(LintFindings& findings) {
  const auto& rules = findings.configuration().tag_rules;
  const auto has = [&](std::uint16_t architecture) {
    return std::ranges::any_of(
        rules, [&](const TagRule& rule) { return architecture_of(rule) == architecture; });
  };
  if (has(kX64) == has(kByteCode)) return;
  const auto rule = std::ranges::find_if(rules, [](const TagRule& one) {
    const auto architecture = architecture_of(one);
    return architecture == kX64 || architecture == kByteCode;
  });
  const std::uint16_t other = architecture_of(*rule) == kX64 ? kByteCode : kX64;
  findings.note(
      rule->location,
      fmt::format("x64 firmware sends architecture 7 or 9, and nothing here matches {}", other),
      fmt::format("add dhcp-match=set:{},option:client-arch,{}", rule->set_tag, other));
}

}  // namespace pxeproof::server
