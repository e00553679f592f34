#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "protocol/dhcp/client_options.h"
#include "server/lint_findings.h"
#include "server/lint_reach.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kX64 = 7;       // what EDK2 sends
constexpr std::uint16_t kByteCode = 9;  // what some x64 firmware sends

struct Condition {
  const TagCondition* tag;
  SourceLocation location;
  Star star;
};

template <typename Lines>
void append_conditions(const Lines& lines, Star star, std::vector<Condition>& out) {
  for (const auto& line : lines) {
    for (const TagCondition& condition : line.conditions) {
      out.push_back({&condition, line.location, star});
    }
  }
}

// Of the lines of dhcp-ignore, which keep no place of their own.
void append_ignores(const Configuration& configuration, std::vector<Condition>& out) {
  auto use = configuration.directives.begin();
  for (const auto& conditions : configuration.ignores) {
    use = std::find_if(use, configuration.directives.end(),
                       [](const DirectiveUse& each) { return each.name == "dhcp-ignore"; });
    if (use == configuration.directives.end()) return;
    for (const TagCondition& condition : conditions) {
      out.push_back({&condition, use->location, Star::Literal});
    }
    ++use;
  }
}

std::vector<Condition> all_conditions(const Configuration& configuration) {
  std::vector<Condition> result;
  append_conditions(configuration.ranges, Star::Literal, result);
  append_conditions(configuration.services, Star::Literal, result);
  append_conditions(configuration.prompts, Star::Literal, result);
  append_conditions(configuration.boots, Star::Literal, result);
  append_conditions(configuration.options, Star::Literal, result);
  append_conditions(configuration.tag_rules, Star::Literal, result);
  append_conditions(configuration.tag_ifs, Star::Beginning, result);
  append_conditions(configuration.hosts, Star::Literal, result);
  append_conditions(configuration.reply_delays, Star::Literal, result);
  append_ignores(configuration, result);
  return result;
}

std::string_view effect_of(const TagCondition& unset) {
  return unset.negated ? "the condition always holds" : "the line is never used";
}

bool has_literal_star(const Condition& condition) {
  return condition.star == Star::Literal && condition.tag->name.ends_with('*');
}

// Each condition that no client's tags decide; once where one line has it twice.
template <typename Report>
void for_each_unsettable(const LintFindings& findings, Report report) {
  const Configuration& configuration = findings.whole_configuration();
  const SettableTags tags(configuration);
  std::set<std::string> reported;
  for (const Condition& condition : all_conditions(configuration)) {
    if (tags.contains(condition.tag->name, condition.star)) continue;
    const std::string place =
        fmt::format("{} {}", to_string(condition.location), condition.tag->name);
    if (reported.insert(place).second) report(condition);
  }
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
  for_each_unsettable(findings, [&](const Condition& condition) {
    if (has_literal_star(condition)) return;
    findings.warn(condition.location,
                  fmt::format("nothing sets the tag \"{}\", so {}", condition.tag->name,
                              effect_of(*condition.tag)),
                  "correct the name, or set it with dhcp-match, dhcp-vendorclass or tag-if");
  });
}

void find_stars_in_tags(LintFindings& findings) {
  for_each_unsettable(findings, [&](const Condition& condition) {
    if (!has_literal_star(condition)) return;
    const std::string& name = condition.tag->name;
    const std::string own = "any-" + name.substr(0, name.size() - 1);
    findings.warn(condition.location,
                  fmt::format("only in tag-if does \"{}\" stand for all tags that begin so; here "
                              "the star is part of the name, so {}",
                              name, effect_of(*condition.tag)),
                  fmt::format("add tag-if=set:{},tag:{} and write tag:{}{} here", own, name,
                              condition.tag->negated ? "!" : "", own));
  });
}

void find_contradicting_tags(LintFindings& findings) {
  const Configuration& configuration = findings.whole_configuration();
  find_contradictions(findings, configuration.services);
  find_contradictions(findings, configuration.boots);
  find_contradictions(findings, configuration.prompts);
  find_contradictions(findings, configuration.options);
  find_contradictions(findings, configuration.tag_ifs);
}

void find_tags_set_later(LintFindings& findings) {
  const Configuration& configuration = findings.whole_configuration();
  std::map<std::string, const TagIf*, std::less<>> setters;
  for (const TagIf& line : configuration.tag_ifs) {
    for (const std::string& tag : line.set_tags) setters.try_emplace(tag, &line);
  }
  // The first line that sets it, or a tag with that beginning.
  const auto setter_of = [&setters](std::string_view name) -> const TagIf* {
    if (const auto same = setters.find(name); same != setters.end()) return same->second;
    if (!name.ends_with('*')) return nullptr;
    name.remove_suffix(1);
    const auto first = setters.lower_bound(name);
    return first != setters.end() && first->first.starts_with(name) ? first->second : nullptr;
  };
  SettableTags tags = SettableTags::before_tag_ifs(configuration);
  for (const TagIf& line : configuration.tag_ifs) {
    for (const TagCondition& condition : line.conditions) {
      const TagIf* setter = setter_of(condition.name);
      if (setter == nullptr || tags.contains(condition.name, Star::Beginning)) continue;
      if (setter == &line) {
        findings.warn(line.location,
                      fmt::format("the tag \"{}\" is set by this line alone, so {}", condition.name,
                                  effect_of(condition)),
                      "correct the name, or set it with dhcp-match, dhcp-vendorclass or tag-if");
        continue;
      }
      findings.warn(line.location,
                    fmt::format("the tag \"{}\" is set further down, at {}, and tag-if lines work "
                                "once, from top to bottom, so {}",
                                condition.name, to_string(setter->location), effect_of(condition)),
                    "move this line behind that one");
    }
    tags.add(line.set_tags);
  }
}

void find_lines_for_nobody(LintFindings& findings) {
  for (const LineForNobody& line : findings.lines_for_nobody()) {
    std::string tags = as_written(line.conditions);
    tags.pop_back();
    if (!line.architecture) {
      findings.warn(line.location,
                    fmt::format("no client has {} together: they are of different architectures, "
                                "machines or ranges, so the line is never used",
                                tags),
                    "remove one of them, or write a line for each");
      continue;
    }
    const auto owners = findings.architectures_of(line.conditions);
    findings.warn(line.location,
                  fmt::format("{} is for {} and not for {}, so no client gets this service", tags,
                              dhcp::describe_architecture(*owners->begin()),
                              dhcp::describe_architecture(*line.architecture)),
                  "correct the architecture or the tag");
  }
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
