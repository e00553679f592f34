#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "protocol/letter_case.h"
#include "server/directive_values.h"
#include "server/lint_findings.h"
#include "server/lint_reach.h"

namespace pxeproof::server {

namespace {

constexpr std::uint8_t kUserClass = 77;     // RFC 3004
constexpr std::uint8_t kIpxeOptions = 175;  // iPXE's own, in each of its requests
constexpr std::string_view kPiText = "Raspberry Pi Boot";

using Tags = std::set<std::string, std::less<>>;

// iPXE as it is called where it is built, and as people call their copies of it.
bool is_ipxe(std::string_view file) {
  constexpr std::array<std::string_view, 5> kEndings{".efi", ".pxe", ".kpxe", ".kkpxe", ".0"};
  const std::string name = lower_case(file.substr(file.rfind('/') + 1));
  if (name.starts_with("undionly") || name.starts_with("snponly")) return true;
  const auto ends = [&name](std::string_view ending) { return name.ends_with(ending); };
  return name.find("ipxe") != std::string::npos && std::ranges::any_of(kEndings, ends);
}

bool recognises_ipxe(const TagRule& rule) {
  const bool is_option = rule.kind == TagRule::Kind::Option && !rule.enterprise;
  if (is_option && rule.option_code == kIpxeOptions) return true;
  const bool is_user_class =
      rule.kind == TagRule::Kind::UserClass || (is_option && rule.option_code == kUserClass);
  const std::string_view octets{reinterpret_cast<const char*>(rule.octets.data()),
                                rule.octets.size()};
  return is_user_class && octets.find("iPXE") != std::string_view::npos;
}

bool names_one_of(const TagCondition& condition, const Tags& tags, Star star) {
  if (star == Star::Literal || !condition.name.ends_with('*')) return tags.contains(condition.name);
  const std::string_view begin =
      std::string_view(condition.name).substr(0, condition.name.size() - 1);
  return std::ranges::any_of(tags, [&](const std::string& tag) { return tag.starts_with(begin); });
}

// What the tags of a configuration say of a client that is iPXE.
struct IpxeTags {
  Tags set;    // by iPXE's own marks
  Tags unset;  // set for others only

  bool exclude(const std::vector<TagCondition>& conditions, Star star = Star::Literal) const {
    return std::ranges::any_of(conditions, [&](const TagCondition& each) {
      return names_one_of(each, each.negated ? set : unset, star);
    });
  }
  bool ask_for(const std::vector<TagCondition>& conditions, Star star = Star::Literal) const {
    return std::ranges::any_of(conditions, [&](const TagCondition& each) {
      return !each.negated && names_one_of(each, set, star);
    });
  }
};

// The tags that only lines set which exclude iPXE, as far as those of before are known.
Tags unset_tags(const Configuration& configuration, const IpxeTags& known) {
  Tags candidates;
  Tags others;
  const auto sort_in = [&](const std::string& tag, bool excludes) {
    (excludes ? candidates : others).insert(tag);
  };
  for (const TagRule& rule : configuration.tag_rules) {
    // Whoever looks at the version of UNDI tells ROMs from iPXE by it.
    const bool is_of_roms = rule.text.find(":UNDI:") != std::string::npos;
    sort_in(rule.set_tag, is_of_roms || known.exclude(rule.conditions));
  }
  for (const TagIf& tag_if : configuration.tag_ifs) {
    const bool excludes = known.exclude(tag_if.conditions, Star::Beginning);
    for (const std::string& tag : tag_if.set_tags) sort_in(tag, excludes);
  }
  for (const DhcpHost& host : configuration.hosts)
    others.insert(host.set_tags.begin(), host.set_tags.end());
  for (const DhcpRange& range : configuration.ranges) {
    others.insert(range.set_tags.begin(), range.set_tags.end());
  }
  std::erase_if(candidates, [&](const std::string& tag) { return others.contains(tag); });
  return candidates;
}

IpxeTags ipxe_tags(const Configuration& configuration) {
  IpxeTags tags;
  for (const TagRule& rule : configuration.tag_rules) {
    if (recognises_ipxe(rule)) tags.set.insert(rule.set_tag);
  }
  // tag-if works in the order of the file, and later lines may build on earlier ones.
  constexpr int kLongestChain = 4;
  for (int round = 0; round < kLongestChain; ++round) {
    for (const TagIf& tag_if : configuration.tag_ifs) {
      if (tags.ask_for(tag_if.conditions, Star::Beginning)) {
        tags.set.insert(tag_if.set_tags.begin(), tag_if.set_tags.end());
      }
    }
    tags.unset = unset_tags(configuration, tags);
  }
  return tags;
}

std::string loop_remedy(const IpxeTags& tags, std::string_view line) {
  if (tags.set.empty()) {
    return fmt::format(
        "add dhcp-match=set:ipxe,175 and dhcp-boot=tag:ipxe,<script>, and begin this line with "
        "{}=tag:!ipxe,",
        line);
  }
  return fmt::format("begin the line with {}=tag:!{},", line, *tags.set.begin());
}

void report_loop(LintFindings& findings, const SourceLocation& location, std::string_view file,
                 std::string remedy) {
  findings.note(location,
                fmt::format("nothing here excludes iPXE, so {} is started, asks again and gets "
                            "itself again, for ever (but for one with a script built in)",
                            file),
                std::move(remedy));
}

// Of dhcp-boot lines the last with fitting tags counts, and one without tags only without any.
bool is_replaced_for_ipxe(const Configuration& configuration, std::size_t at,
                          const IpxeTags& tags) {
  const auto& boots = configuration.boots;
  const std::size_t first = boots[at].conditions.empty() ? 0 : at + 1;
  return std::any_of(boots.begin() + static_cast<std::ptrdiff_t>(first), boots.end(),
                     [&](const DhcpBoot& other) {
                       return tags.ask_for(other.conditions) &&
                              are_compatible(other.conditions, boots[at].conditions);
                     });
}

// The first entry of a menu is what starts.
bool is_behind_one_for_ipxe(const Configuration& configuration, const PxeService& service,
                            const IpxeTags& tags) {
  for (const PxeService& other : configuration.services) {
    if (&other == &service) return false;
    if (other.architecture == service.architecture && tags.ask_for(other.conditions)) return true;
  }
  return false;
}

}  // namespace

void find_ipxe_loops(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!configuration.serves_dhcp()) return;
  const IpxeTags tags = ipxe_tags(configuration);
  for (const PxeService& service : configuration.services) {
    if (!is_ipxe(service.basename) || tags.exclude(service.conditions)) continue;
    if (is_behind_one_for_ipxe(configuration, service, tags)) continue;
    report_loop(findings, service.location, service.basename, loop_remedy(tags, "pxe-service"));
  }
  for (std::size_t at = 0; at < configuration.boots.size(); ++at) {
    const DhcpBoot& boot = configuration.boots[at];
    if (!is_ipxe(boot.file) || tags.exclude(boot.conditions)) continue;
    if (is_replaced_for_ipxe(configuration, at, tags)) continue;
    report_loop(findings, boot.location, boot.file, loop_remedy(tags, "dhcp-boot"));
  }
}

void find_foreign_programs(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const auto report = [&](const SourceLocation& location, std::string_view file, bool is_bios) {
    findings.warn(location,
                  fmt::format("\"{}\" is by its name for {}, and {} machines cannot start it", file,
                              is_bios ? "UEFI" : "BIOS", is_bios ? "BIOS" : "UEFI"),
                  is_bios ? "name a program for BIOS, such as pxelinux.0 or undionly.kpxe"
                          : "name an EFI program, such as grubx64.efi or ipxe.efi");
  };
  for (const PxeService& service : configuration.services) {
    if (!has_foreign_ending(service.basename, service.architecture)) continue;
    report(service.location, service.basename, service.architecture == kBiosArchitecture);
  }
  for (const DhcpBoot& boot : configuration.boots) {
    const auto architectures = findings.architectures_of(boot.conditions);
    const auto is_foreign = [&](std::uint16_t each) { return has_foreign_ending(boot.file, each); };
    if (!architectures || architectures->empty()) continue;
    if (!std::ranges::all_of(*architectures, is_foreign)) continue;
    report(boot.location, boot.file, architectures->contains(kBiosArchitecture));
  }
}

void find_raspberry_texts(LintFindings& findings) {
  const auto bare = [](std::string_view text) {
    std::string letters = lower_case(text);
    std::erase_if(letters, [](char c) { return c < 'a' || c > 'z'; });
    return letters;
  };
  for (const PxeService& service : findings.configuration().services) {
    if (service.menu_text.find(kPiText) != std::string::npos) continue;
    if (bare(service.menu_text).find(bare(kPiText)) == std::string::npos) continue;
    findings.warn(service.location,
                  fmt::format("a Raspberry Pi looks for \"{}\", letter by letter, and goes on "
                              "asking when the menu says \"{}\"",
                              kPiText, service.menu_text),
                  fmt::format("write \"{}\"", kPiText));
  }
}

}  // namespace pxeproof::server
