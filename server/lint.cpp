#include "server/lint.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>

#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

struct Row {
  LintRule rule;
  void (*find)(LintFindings&);
};

constexpr std::array kRules = {
    Row{{"silent-proxy", "a proxy range, but neither pxe-service nor pxe-prompt: no answer"},
        find_silent_proxy},
    Row{{"no-range", "boot directives without any dhcp-range: no answer"}, find_missing_range},
    Row{{"proxy-beside-pool", "a proxy range and a lease range on the same subnet"},
        find_proxy_beside_pool},
    Row{{"no-effect-in-proxy", "directives for leases where no addresses are leased"},
        find_no_effect_in_proxy},
    Row{{"option-not-in-proxy", "DHCP options that no proxy answer carries"},
        find_options_not_in_proxy},
    Row{{"ignored-host", "dhcp-host=...,ignore, which dnsmasq forgets in proxy mode (D7)"},
        find_ignored_hosts},
    Row{{"no-pxeclient", "dhcp-pxe-vendor without PXEClient: no answer, or no menu, for most"},
        find_missing_pxe_client},
    Row{{"suboption-twice", "vendor options that dnsmasq sends itself, too (D14)"},
        find_duplicate_suboptions},
    Row{{"boot-without-address", "dhcp-boot without server address where a BIOS needs one (D8)"},
        find_boot_without_address},
    Row{{"name-without-dns", "a server given by name, and port=0 (D9)"}, find_names_without_dns},
    Row{{"unknown-name", "a server given by a name that nothing here knows (D9)"},
        find_unknown_names},
    Row{{"number-as-server", "a bare number in a server field"}, find_numbers_as_server},
    Row{{"address-as-name", "dhcp-boot with an address in the field of the server's name alone"},
        find_addresses_as_names},
    Row{{"name-too-long", "a file or server name that does not fit into the header"},
        find_long_names},
    Row{{"boot-overridden", "two dhcp-boot lines for the same clients: the last is used"},
        find_overridden_boots},
    Row{{"prompt-overridden", "two pxe-prompt lines for the same clients: dnsmasq sends both"},
        find_overridden_prompts},
    Row{{"timeout-over-255", "a prompt timeout that dnsmasq takes modulo 256 (D23)"},
        find_long_timeouts},
    Row{{"several-uefi-services", "more than one service for a UEFI architecture: a menu"},
        find_several_uefi_services},
    Row{{"uefi-local-boot", "a local boot entry beside one UEFI service, which gets lost (D16)"},
        find_lost_local_boot},
    Row{{"boot-hidden", "dhcp-boot for a UEFI architecture that has exactly one pxe-service"},
        find_hidden_boots},
    Row{{"uefi-dead-end", "lease range, UEFI, exactly one pxe-service and no boot file (D5)"},
        find_uefi_dead_end_in_leases},
    Row{{"suffix-added", "base names that get .0 where it is not meant, or do not get it (D22)"},
        find_added_suffixes},
    Row{{"half-of-x64", "a service for 7 (X86-64_EFI) but none for 9 (BC_EFI), or the reverse"},
        find_half_of_x64},
    Row{{"type-shadowed", "a numeric type that is also the type of a service with a file (D6)"},
        find_shadowed_types},
    Row{{"local-boot-first", "a BIOS menu that starts from the disk at once, and a dhcp-boot"},
        find_local_boot_instead_of_files},
    Row{{"menu-too-large", "a menu that does not fit into one option 43 (D12)"}, find_large_menus},
    Row{{"http-service", "pxe-service for an HTTP boot architecture, which never asks port 4011"},
        find_http_services},
    Row{{"http-boot",
         "dhcp-boot for UEFI HTTP boot without a URL, or without HTTPClient beside it"},
        find_incomplete_http_boots},
    Row{{"tag-never-set", "a condition on a tag that nothing sets"}, find_tags_never_set},
    Row{{"tag-star", "a star at the end of a tag elsewhere than in tag-if, where it is a letter"},
        find_stars_in_tags},
    Row{{"tag-contradiction", "a line that wants a tag both set and not set"},
        find_contradicting_tags},
    Row{{"tag-set-later", "a tag-if that asks for a tag which only a later tag-if sets"},
        find_tags_set_later},
    Row{{"tag-of-nobody",
         "tags that no client has together, or none of the service's architecture"},
        find_lines_for_nobody},
    Row{{"short-architecture", "a vendor class such as Arch:7, which clients write Arch:00007"},
        find_short_architecture_texts},
    Row{{"half-of-x64-tag", "a tag for architecture 7 but not 9, or the reverse"},
        find_half_of_x64_tags},
    Row{{"tftp-without-root", "enable-tftp without tftp-root: the whole file system"},
        find_tftp_without_root},
    Row{{"tftp-not-enabled", "tftp directives without enable-tftp"}, find_tftp_not_enabled},
    Row{{"secure-as-root", "tftp-secure with user=root has no effect in dnsmasq"},
        find_secure_as_root},
    Row{{"single-port-bound", "tftp-single-port with bind-interfaces is silent in 2.90 (D4)"},
        find_single_port_bound},
    Row{{"small-port-range", "tftp-port-range smaller than tftp-max"}, find_small_port_range},
    Row{{"log-facility", "a log file or syslog facility, which is not written to"},
        find_log_facility},
    Row{{"ipxe-loop", "a line that gives iPXE itself again, as nothing in it excludes iPXE"},
        find_ipxe_loops},
    Row{{"foreign-program", "an EFI file for BIOS clients, or a BIOS file for UEFI clients"},
        find_foreign_programs},
    Row{{"raspberry-text", "a menu text that is almost the one a Raspberry Pi looks for"},
        find_raspberry_texts},
    Row{{"boot-and-option",
         "dhcp-boot and dhcp-option=67 or 66 for the same clients: both are sent"},
        find_boots_beside_options},
};

}  // namespace

std::vector<Diagnostic> lint(const Configuration& configuration,
                             const LintSurroundings& surroundings) {
  LintFindings findings(configuration, surroundings);
  for (const Row& row : kRules) {
    findings.set_rule(row.rule.name);
    row.find(findings);
  }
  std::vector<Diagnostic> result = findings.take();
  sort_by_place(result);
  return result;
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  std::map<std::string, int, std::less<>> begun;
  for (const Diagnostic& each : diagnostics) {
    const auto [file, is_new] = begun.try_emplace(each.location.file, each.location.order);
    file->second = std::min(file->second, each.location.order);
  }
  const auto place = [&begun](const Diagnostic& each) {
    const SourceLocation& location = each.location;
    return std::tuple(begun.find(location.file)->second, std::string_view(location.file),
                      location.line, location.order);
  };
  std::ranges::stable_sort(diagnostics, {}, place);
}

std::vector<LintRule> lint_rules() {
  std::vector<LintRule> rules;
  for (const Row& row : kRules) rules.push_back(row.rule);
  return rules;
}

}  // namespace pxeproof::server
