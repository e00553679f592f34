#include "server/lint_findings.h"

#include <algorithm>

#include "protocol/dhcp/option_code.h"
#include "server/directive_values.h"
#include "server/lint_reach.h"

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

std::optional<std::string> whole_mac(const Bytes& octets, const std::vector<bool>& wildcard) {
  if (std::ranges::find(wildcard, true) != wildcard.end()) return std::nullopt;
  return to_hex(octets);
}

// The addresses that alone satisfy a line.
std::optional<MacAddresses> macs_of(const TagRule& rule) {
  if (rule.kind != TagRule::Kind::Mac) return std::nullopt;
  const auto mac = whole_mac(rule.octets, rule.wildcard);
  return mac ? std::optional(MacAddresses{*mac}) : std::nullopt;
}

std::optional<MacAddresses> macs_of(const DhcpHost& host) {
  if (host.hardware.empty() || host.client_id) return std::nullopt;
  MacAddresses result;
  for (const DhcpHost::HardwareAddress& each : host.hardware) {
    auto mac = whole_mac(each.octets, each.wildcard);
    if (!mac) return std::nullopt;
    result.insert(*std::move(mac));
  }
  return result;
}

// Another line sets the tag, for these or (nullopt) for anybody.
template <typename Owners>
void add_owners(const std::optional<Owners>& more, std::optional<Owners>& owners) {
  if (!more) owners.reset();
  if (more && owners) owners->insert(more->begin(), more->end());
}

template <typename Owners>
bool narrow(const std::optional<Owners>& others, std::optional<Owners>& owners) {
  if (!others) return !owners || !owners->empty();
  if (!owners) {
    owners = others;
  } else {
    std::erase_if(*owners, [&](const auto& each) { return !others->contains(each); });
  }
  return !owners->empty();
}

// The other number of x64 UEFI, or the same.
std::uint16_t x64_twin(std::uint16_t architecture) {
  constexpr std::uint16_t kX64 = 7;
  constexpr std::uint16_t kByteCode = 9;
  if (architecture == kX64) return kByteCode;
  return architecture == kByteCode ? kX64 : architecture;
}

}  // namespace

LintFindings::LintFindings(const Configuration& configuration, const LintSurroundings& surroundings)
    : whole_(configuration), live_(without_dead_lines(configuration)), surroundings_(surroundings) {
  learn_owners();
  set_lines_for_nobody_aside();
}

void LintFindings::learn_owners() {
  const auto owners_for = [this](const std::string& tag) -> TagOwners& {
    const TagOwners nobody{ArchitectureSet(), MacAddresses(), RangeNumbers()};
    return owners_.try_emplace(tag, nobody).first->second;
  };
  for (const TagRule& rule : live_.tag_rules) {
    TagOwners& owners = owners_for(rule.set_tag);
    const auto architecture = architecture_of(rule);
    add_owners(architecture ? std::optional(ArchitectureSet{*architecture}) : std::nullopt,
               owners.architectures);
    add_owners(macs_of(rule), owners.macs);
    owners.ranges.reset();
  }
  for (const DhcpHost& host : live_.hosts) {
    const auto macs = macs_of(host);
    for (const std::string& tag : host.set_tags) {
      TagOwners& owners = owners_for(tag);
      owners.architectures.reset();
      add_owners(macs, owners.macs);
      owners.ranges.reset();
    }
  }
  for (std::size_t number = 0; number < live_.ranges.size(); ++number) {
    for (const std::string& tag : live_.ranges[number].set_tags) {
      TagOwners& owners = owners_for(tag);
      owners.architectures.reset();
      owners.macs.reset();
      add_owners(std::optional(RangeNumbers{number}), owners.ranges);
    }
  }
  for (const TagIf& line : live_.tag_ifs) {
    for (const std::string& tag : line.set_tags) owners_.insert_or_assign(tag, TagOwners());
  }
}

void LintFindings::set_lines_for_nobody_aside() {
  const auto move_out = [this](auto& lines) {
    std::erase_if(lines, [this](const auto& line) {
      if (!owners_of(line.conditions).is_nobody()) return false;
      lines_for_nobody_.push_back({line.location, line.conditions, std::nullopt});
      return true;
    });
  };
  move_out(live_.services);
  move_out(live_.prompts);
  move_out(live_.boots);
  move_out(live_.options);
  std::erase_if(live_.services, [this](const PxeService& service) {
    const auto architectures = architectures_of(service.conditions);
    // pxeproof takes 7 and 9 for one.
    const bool has_clients = !architectures || architectures->contains(service.architecture) ||
                             architectures->contains(x64_twin(service.architecture));
    if (has_clients) return false;
    lines_for_nobody_.push_back({service.location, service.conditions, service.architecture});
    return true;
  });
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

bool TagOwners::narrow_to(const TagOwners& others) {
  return narrow(others.architectures, architectures) && narrow(others.macs, macs) &&
         narrow(others.ranges, ranges);
}

bool TagOwners::is_nobody() const {
  const auto is_empty = [](const auto& owners) { return owners && owners->empty(); };
  return is_empty(architectures) || is_empty(macs) || is_empty(ranges);
}

TagOwners LintFindings::owners_of(const std::vector<TagCondition>& conditions) const {
  TagOwners result;
  for (const TagCondition& condition : conditions) {
    if (condition.negated) continue;
    const auto found = owners_.find(condition.name);
    if (found != owners_.end()) result.narrow_to(found->second);
  }
  return result;
}

std::optional<ArchitectureSet> LintFindings::architectures_of(
    const std::vector<TagCondition>& conditions) const {
  return owners_of(conditions).architectures;
}

bool LintFindings::may_meet(const std::vector<TagCondition>& one,
                            const std::vector<TagCondition>& other) const {
  if (!are_compatible(one, other)) return false;
  TagOwners owners = owners_of(one);
  return owners.narrow_to(owners_of(other));
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

bool is_plain(const DhcpOption& option) {
  return !option.encapsulated_in && !option.vendor_identifying && !option.vendor_class;
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
