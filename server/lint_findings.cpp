#include "server/lint_findings.h"

#include <algorithm>

#include "protocol/dhcp/option_code.h"
#include "server/directive_values.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kMostFindings = 500;

constexpr std::uint8_t code_of(dhcp::OptionCode code) { return static_cast<std::uint8_t>(code); }

// Behind "Arch:" five digits in every client's vendor class (RFC 4578 has no text for it, PXE 2.1
// table 2-1 has).
std::optional<std::uint16_t> architecture_in(std::string_view vendor_class) {
  constexpr std::string_view kPrefix = "Arch:";
  const std::size_t at = vendor_class.find(kPrefix);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = vendor_class.substr(at + kPrefix.size(), 5);
  if (digits.size() < 5) return std::nullopt;
  const auto number = parse_decimal(digits, 0xffff);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

}  // namespace

LintFindings::LintFindings(const Configuration& configuration, const LintSurroundings& surroundings)
    : configuration_(configuration), surroundings_(surroundings) {
  for (const TagRule& rule : configuration.tag_rules) {
    auto& known = architectures_.try_emplace(rule.set_tag, Architectures()).first->second;
    const auto architecture = architecture_of(rule);
    if (!architecture) {
      known.reset();
    } else if (known) {
      known->insert(*architecture);
    }
  }
  const auto forget = [this](const auto& lines) {
    for (const auto& line : lines) {
      for (const std::string& tag : line.set_tags)
        architectures_.insert_or_assign(tag, std::nullopt);
    }
  };
  forget(configuration.tag_ifs);
  forget(configuration.hosts);
  forget(configuration.ranges);
}

void LintFindings::warn(const SourceLocation& location, std::string what, std::string remedy) {
  add(Diagnostic::Severity::Warning, location, std::move(what), std::move(remedy));
}

void LintFindings::note(const SourceLocation& location, std::string what, std::string remedy) {
  add(Diagnostic::Severity::Note, location, std::move(what), std::move(remedy));
}

void LintFindings::add(Diagnostic::Severity severity, const SourceLocation& location,
                       std::string what, std::string remedy) {
  if (diagnostics_.size() >= kMostFindings) return;
  diagnostics_.push_back({.severity = severity,
                          .rule = std::string(rule_),
                          .location = location,
                          .what = std::move(what),
                          .remedy = std::move(remedy)});
}

bool has_proxy_range(const Configuration& configuration) {
  return std::ranges::any_of(configuration.ranges, [](const DhcpRange& range) {
    return range.kind == DhcpRange::Kind::Proxy;
  });
}

bool has_leases(const Configuration& configuration) {
  return std::ranges::any_of(configuration.ranges, [](const DhcpRange& range) {
    return range.kind != DhcpRange::Kind::Proxy;
  });
}

bool is_proxy_only(const Configuration& configuration) {
  return has_proxy_range(configuration) && !has_leases(configuration);
}

bool are_compatible(const std::vector<TagCondition>& one, const std::vector<TagCondition>& other) {
  return std::ranges::none_of(one, [&](const TagCondition& left) {
    return std::ranges::any_of(other, [&](const TagCondition& right) {
      return left.name == right.name && left.negated != right.negated;
    });
  });
}

std::optional<Architectures> LintFindings::architectures_of(
    const std::vector<TagCondition>& conditions) const {
  std::optional<Architectures> result;
  for (const TagCondition& condition : conditions) {
    if (condition.negated) continue;
    const auto found = architectures_.find(condition.name);
    if (found == architectures_.end() || !found->second) continue;
    const Architectures& behind = *found->second;
    if (!result) {
      result = behind;
      continue;
    }
    std::erase_if(*result, [&](std::uint16_t number) { return !behind.contains(number); });
  }
  return result;
}

std::optional<std::uint16_t> architecture_of(const TagRule& rule) {
  const bool is_vendor_class = rule.kind == TagRule::Kind::VendorClass ||
                               (rule.kind == TagRule::Kind::Option &&
                                rule.option_code == code_of(dhcp::OptionCode::VendorClass));
  if (is_vendor_class && rule.test == TagRule::Test::Text) return architecture_in(rule.text);
  const bool is_architecture = rule.kind == TagRule::Kind::Option && !rule.enterprise &&
                               rule.option_code == code_of(dhcp::OptionCode::ClientArchitecture);
  if (!is_architecture) return std::nullopt;
  if (rule.test == TagRule::Test::Number && rule.number <= 0xffff) {
    return static_cast<std::uint16_t>(rule.number);
  }
  const bool is_two_octets = rule.test == TagRule::Test::HexPrefix && rule.octets.size() == 2 &&
                             std::ranges::find(rule.wildcard, true) == rule.wildcard.end();
  if (!is_two_octets) return std::nullopt;
  return static_cast<std::uint16_t>(rule.octets[0] << 8U | rule.octets[1]);
}

std::string as_written(const std::vector<TagCondition>& conditions) {
  std::string text;
  for (const TagCondition& each : conditions) {
    text += (each.negated ? "tag:!" : "tag:") + each.name + ",";
  }
  return text;
}

std::optional<SourceLocation> location_of(const Configuration& configuration,
                                          std::string_view directive) {
  const auto use = std::ranges::find(configuration.directives, directive, &DirectiveUse::name);
  if (use == configuration.directives.end()) return std::nullopt;
  return use->location;
}

}  // namespace pxeproof::server
