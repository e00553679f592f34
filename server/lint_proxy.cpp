#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/directive_table.h"
#include "server/lint_findings.h"
#include "server/lint_range.h"
#include "server/tag_evaluation.h"

namespace pxeproof::server {

namespace {

constexpr std::string_view kPxeClient = "PXEClient";

bool reaches_pxe_clients(const DhcpOption& option) {
  return option.vendor_class && (option.vendor_class->find(kPxeClient) != std::string::npos ||
                                 kPxeClient.find(*option.vendor_class) != std::string_view::npos);
}

// Beyond the table's column for leases: what a line of a proxy set-up leaves unused.
void find_unused_fields(LintFindings& findings) {
  for (const DhcpRange& range : findings.configuration().ranges) {
    if (range.kind == DhcpRange::Kind::Proxy && (range.lease || range.lease_infinite)) {
      findings.note(range.location, "a proxy range leases nothing, so its lease time means nothing",
                    "remove the time");
    }
  }
  for (const DhcpHost& host : findings.configuration().hosts) {
    if (host.address || host.lease || host.lease_infinite) {
      findings.note(host.location,
                    "in proxy mode dhcp-host only sets tags; its address and lease time have no "
                    "effect",
                    "reserve the address in the server that leases it");
    }
  }
  for (const DhcpBoot& boot : findings.configuration().boots) {
    if (!boot.server_name.empty() && !address_as_name(boot)) {
      findings.note(
          boot.location,
          fmt::format("the server name \"{}\" is not part of a proxy answer", boot.server_name),
          "leave the second field empty; the third is the address");
    }
  }
}

// The dhcp-ignore lines, as far as the tags that a client has decide them, whatever it has not.
class CertainIgnores {
 public:
  explicit CertainIgnores(Configuration configuration)
      : compiled_(without_negations(std::move(configuration)), {}) {}

  // Every request of the host has these tags, and they are enough.
  bool cover(const DhcpHost& host) const {
    TagBits tags;
    tags.reset(compiled_.tags().size());
    tags.set(compiled_.known);
    for (const std::string& tag : host.set_tags) {
      if (const auto id = compiled_.tags().find(tag)) tags.set(*id);
    }
    apply_tag_ifs(compiled_, tags);
    return std::ranges::any_of(compiled_.ignores, [&](const TagFilter& filter) {
      return holds(filter, tags, Untagged::Refused);
    });
  }

 private:
  static Configuration without_negations(Configuration configuration) {
    const auto negates = [](const std::vector<TagCondition>& conditions) {
      return std::ranges::any_of(conditions, &TagCondition::negated);
    };
    std::erase_if(configuration.ignores, negates);
    std::erase_if(configuration.tag_ifs,
                  [&](const TagIf& line) { return negates(line.conditions); });
    return configuration;
  }

  CompiledConfiguration compiled_;
};

}  // namespace

void find_silent_proxy(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!has_proxy_range(configuration) || findings.whole_configuration().pxe_enabled()) return;
  const auto proxy =
      std::ranges::find(configuration.ranges, DhcpRange::Kind::Proxy, &DhcpRange::kind);
  // Beside a lease range it does its work there.
  const bool is_for_proxy = !configuration.boots.empty() && !has_leases(configuration);
  findings.warn(is_for_proxy ? configuration.boots.front().location : proxy->location,
                is_for_proxy ? "dhcp-boot alone does not switch PXE on: with a proxy range no "
                               "client gets an answer"
                             : "neither pxe-service nor pxe-prompt switches PXE on: this range "
                               "answers no client",
                "add pxe-service=x86PC,\"Network boot\",pxelinux or pxe-prompt=\"Network boot\",0");
}

void find_missing_range(LintFindings& findings) {
  const Configuration& configuration = findings.whole_configuration();
  if (configuration.serves_dhcp()) return;
  const std::string what = "there is no dhcp-range, so no DHCP request gets an answer";
  const std::string remedy = "add dhcp-range=<address of the network>,proxy";
  if (!configuration.services.empty()) {
    findings.warn(configuration.services.front().location, what, remedy);
  } else if (!configuration.boots.empty()) {
    findings.warn(configuration.boots.front().location, what, remedy);
  }
}

void find_proxy_beside_pool(LintFindings& findings) {
  const auto& ranges = findings.configuration().ranges;
  for (const DhcpRange& proxy : ranges) {
    if (proxy.kind != DhcpRange::Kind::Proxy) continue;
    const auto pool = std::ranges::find_if(ranges, [&](const DhcpRange& range) {
      return range.kind != DhcpRange::Kind::Proxy &&
             are_neighbours(proxy, range, findings.surroundings());
    });
    if (pool == ranges.end()) continue;
    findings.warn(proxy.location,
                  fmt::format("the lease range at {} is on the same subnet; which of the two "
                              "answers depends on their order",
                              to_string(pool->location)),
                  "keep the proxy range, or the lease range, not both");
  }
}

void find_no_effect_in_proxy(LintFindings& findings) {
  if (!is_proxy_only(findings.configuration())) return;
  for (const DirectiveUse& use : findings.configuration().directives) {
    const Directive* directive = find_directive(use.name);
    if (directive == nullptr || directive->concern != Directive::Concern::Leases) continue;
    findings.note(use.location, fmt::format("{} has no effect in proxy mode", use.name),
                  "remove it; another server leases the addresses");
  }
  find_unused_fields(findings);
}

void find_options_not_in_proxy(LintFindings& findings) {
  if (!is_proxy_only(findings.configuration())) return;
  for (const DhcpOption& option : findings.configuration().options) {
    if (option.in_pxe_replies || reaches_pxe_clients(option)) continue;
    findings.note(option.location,
                  fmt::format("option {} is in no proxy answer; only vendor:PXEClient options are",
                              option.code),
                  "set it in the server that leases the addresses, or use dhcp-option-pxe");
  }
}

void find_ignored_hosts(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const bool has_any = std::ranges::any_of(configuration.hosts, &DhcpHost::ignore);
  if (!has_any || !has_proxy_range(configuration)) return;
  const CertainIgnores ignores(configuration);
  for (const DhcpHost& host : configuration.hosts) {
    if (!host.ignore || ignores.cover(host)) continue;
    findings.note(host.location,
                  "dnsmasq answers this host in proxy mode in spite of \"ignore\"; pxeproof does "
                  "not",
                  "for both, set a tag here and add dhcp-ignore=tag:<it>");
  }
}

void find_missing_pxe_client(LintFindings& findings) {
  const auto& vendors = findings.configuration().pxe_vendors;
  const bool covered = std::ranges::any_of(
      vendors, [](const std::string& vendor) { return kPxeClient.starts_with(vendor); });
  const auto location = location_of(findings.configuration(), "dhcp-pxe-vendor");
  if (covered || !location || !findings.whole_configuration().pxe_enabled()) return;
  // A lease is for everybody, and so is its boot file.
  const std::string_view effect = has_proxy_range(findings.configuration())
                                      ? "get no answer in the proxy range"
                                      : "get their lease without menu or prompt";
  findings.warn(*location,
                fmt::format("dhcp-pxe-vendor replaces the list, and PXEClient is no longer in it: "
                            "ordinary PXE clients {}",
                            effect),
                "write dhcp-pxe-vendor=PXEClient,<others>");
}

void find_duplicate_suboptions(LintFindings& findings) {
  constexpr std::array<std::uint8_t, 5> kOwn = {6, 8, 9, 10, 71};
  const Configuration& configuration = findings.configuration();
  if (!findings.whole_configuration().pxe_enabled()) return;
  for (const DhcpOption& option : configuration.options) {
    const bool is_own = std::ranges::find(kOwn, option.code) != kOwn.end();
    if (!is_own || option.in_pxe_replies || !reaches_pxe_clients(option)) continue;
    findings.note(
        option.location,
        fmt::format("dnsmasq sends sub-option {} itself and puts this one behind it: of the two "
                    "iPXE obeys the first and EDK2 the last; pxeproof sends only this one",
                    option.code),
        "remove it unless clients need it");
  }
}

}  // namespace pxeproof::server
