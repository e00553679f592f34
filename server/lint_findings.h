#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/boot_file.h"
#include "server/configuration.h"
#include "server/lint.h"

namespace pxeproof::server {

using ArchitectureSet = std::set<std::uint16_t>;
using MacAddresses = std::set<std::string>;
using RangeNumbers = std::set<std::size_t>;  // places in Configuration::ranges

// The clients that a tag, or several of them, are for; nullopt: whatever the architecture, the
// address or the dhcp-range.
struct TagOwners {
  std::optional<ArchitectureSet> architectures{};
  std::optional<MacAddresses> macs{};
  std::optional<RangeNumbers> ranges{};

  // Leaves the clients that others are as well; false when there are none.
  bool narrow_to(const TagOwners& others);
  bool is_nobody() const;
};

// A line whose tags no client has together.
struct LineForNobody {
  SourceLocation location{};
  std::vector<TagCondition> conditions{};
  std::optional<std::uint16_t> architecture{};  // of a pxe-service, where this is the reason
};

// The address of a dhcp-boot that stands where a name belongs, and nowhere else.
std::optional<Ipv4Address> address_as_name(const DhcpBoot& boot);

// What the rules of lint look at, and where they put what they find.
class LintFindings {
 public:
  LintFindings(const Configuration& configuration, const LintSurroundings& surroundings);

  // Without the lines that count for no client: what they say warns of nothing but themselves.
  const Configuration& configuration() const { return live_; }
  const Configuration& whole_configuration() const { return whole_; }
  const LintSurroundings& surroundings() const { return surroundings_; }
  const std::vector<LineForNobody>& lines_for_nobody() const { return lines_for_nobody_; }

  // The rule that runs now gives the diagnostics their name.
  void set_rule(std::string_view rule) { rule_ = rule; }
  void warn(const SourceLocation& location, std::string what, std::string remedy);
  void note(const SourceLocation& location, std::string what, std::string remedy);
  std::vector<Diagnostic> take() { return std::move(diagnostics_); }

  // The architectures that conditions leave, as far as tags set by option 93 or 60 decide it;
  // nullopt when they do not.
  std::optional<ArchitectureSet> architectures_of(
      const std::vector<TagCondition>& conditions) const;
  TagOwners owners_of(const std::vector<TagCondition>& conditions) const;

  // One client may satisfy both, by tags, by architecture, by hardware address and by range.
  bool may_meet(const std::vector<TagCondition>& one, const std::vector<TagCondition>& other) const;

 private:
  void add(Diagnostic::Severity severity, const SourceLocation& location, std::string what,
           std::string remedy);

  void learn_owners();
  void set_lines_for_nobody_aside();

  const Configuration& whole_;
  Configuration live_;
  const LintSurroundings& surroundings_;
  // By tag. Looked up for every line, so that the lines are not gone through for each other.
  std::unordered_map<std::string, TagOwners> owners_;
  std::vector<LineForNobody> lines_for_nobody_;
  std::string_view rule_;
  std::vector<Diagnostic> diagnostics_;
};

bool has_proxy_range(const Configuration& configuration);
bool has_leases(const Configuration& configuration);
bool is_proxy_only(const Configuration& configuration);

inline bool is_uefi(std::uint16_t architecture) { return architecture >= kFirstUefiArchitecture; }

// x86 UEFI HTTP boot and those behind it.
constexpr bool is_http_architecture(std::uint16_t architecture) {
  return architecture >= 15 && architecture <= 20;
}

// One client can satisfy both: no tag is asked for here and forbidden there.
bool are_compatible(const std::vector<TagCondition>& one, const std::vector<TagCondition>& other);

// The architecture that a rule asks for, by option 93 or by "Arch:00007" in option 60.
std::optional<std::uint16_t> architecture_of(const TagRule& rule);

// An option of the answer itself, not one inside another.
bool is_plain(const DhcpOption& option);

// Where the first use of a directive stands.
std::optional<SourceLocation> location_of(const Configuration& configuration,
                                          std::string_view directive);

// The conditions as they begin a line: "tag:a,tag:!b,".
std::string as_written(const std::vector<TagCondition>& conditions);

// The rules, divided by noun.
void find_silent_proxy(LintFindings& findings);
void find_missing_range(LintFindings& findings);
void find_proxy_beside_pool(LintFindings& findings);
void find_no_effect_in_proxy(LintFindings& findings);
void find_options_not_in_proxy(LintFindings& findings);
void find_ignored_hosts(LintFindings& findings);
void find_missing_pxe_client(LintFindings& findings);
void find_duplicate_suboptions(LintFindings& findings);

void find_boot_without_address(LintFindings& findings);
void find_names_without_dns(LintFindings& findings);
void find_unknown_names(LintFindings& findings);
void find_numbers_as_server(LintFindings& findings);
void find_addresses_as_names(LintFindings& findings);
void find_long_names(LintFindings& findings);
void find_overridden_boots(LintFindings& findings);
void find_overridden_prompts(LintFindings& findings);
void find_long_timeouts(LintFindings& findings);

void find_several_uefi_services(LintFindings& findings);
void find_lost_local_boot(LintFindings& findings);
void find_hidden_boots(LintFindings& findings);
void find_uefi_dead_end_in_leases(LintFindings& findings);
void find_added_suffixes(LintFindings& findings);
void find_half_of_x64(LintFindings& findings);
void find_shadowed_types(LintFindings& findings);
void find_local_boot_instead_of_files(LintFindings& findings);
void find_large_menus(LintFindings& findings);

void find_http_services(LintFindings& findings);
void find_incomplete_http_boots(LintFindings& findings);

void find_tags_never_set(LintFindings& findings);
void find_stars_in_tags(LintFindings& findings);
void find_contradicting_tags(LintFindings& findings);
void find_tags_set_later(LintFindings& findings);
void find_lines_for_nobody(LintFindings& findings);
void find_short_architecture_texts(LintFindings& findings);
void find_half_of_x64_tags(LintFindings& findings);

void find_tftp_without_root(LintFindings& findings);
void find_tftp_not_enabled(LintFindings& findings);
void find_secure_as_root(LintFindings& findings);
void find_single_port_bound(LintFindings& findings);
void find_small_port_range(LintFindings& findings);

void find_log_facility(LintFindings& findings);

void find_ipxe_loops(LintFindings& findings);
void find_foreign_programs(LintFindings& findings);
void find_raspberry_texts(LintFindings& findings);
void find_boots_beside_options(LintFindings& findings);

}  // namespace pxeproof::server
