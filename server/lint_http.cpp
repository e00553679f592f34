#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/option_code.h"
#include "server/lint_findings.h"
#include "server/lint_range.h"

namespace pxeproof::server {

namespace {

constexpr std::string_view kHttpClient = "HTTPClient";

std::string_view as_view(const Bytes& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool has_http_vendor(const Configuration& configuration) {
  return std::ranges::any_of(configuration.pxe_vendors, [](const std::string& vendor) {
    return vendor.starts_with(kHttpClient);
  });
}

bool recognises_http(const TagRule& rule) {
  if (const auto architecture = architecture_of(rule)) return is_http_architecture(*architecture);
  const bool is_vendor_class =
      rule.kind == TagRule::Kind::VendorClass ||
      (rule.kind == TagRule::Kind::Option && !rule.enterprise &&
       rule.option_code == static_cast<std::uint8_t>(dhcp::OptionCode::VendorClass));
  return is_vendor_class && as_view(rule.octets).find(kHttpClient) != std::string_view::npos;
}

// The tags that only clients of HTTP boot have.
std::set<std::string> http_tags(const Configuration& configuration) {
  std::set<std::string> result;
  std::set<std::string> others;
  for (const TagRule& rule : configuration.tag_rules) {
    (recognises_http(rule) ? result : others).insert(rule.set_tag);
  }
  const auto take = [&others](const auto& lines) {
    for (const auto& line : lines) others.insert(line.set_tags.begin(), line.set_tags.end());
  };
  take(configuration.tag_ifs);
  take(configuration.hosts);
  take(configuration.ranges);
  std::erase_if(result, [&](const std::string& tag) { return others.contains(tag); });
  return result;
}

// A lease for these conditions says HTTPClient in option 60.
bool says_http_in_leases(const LintFindings& findings, const DhcpRange& range,
                         const DhcpBoot& boot) {
  const Configuration& configuration = findings.configuration();
  if (has_http_vendor(configuration) && findings.whole_configuration().pxe_enabled()) return true;
  return std::ranges::any_of(configuration.options, [&](const DhcpOption& option) {
    const bool is_http_class =
        is_plain(option) &&
        option.code == static_cast<std::uint8_t>(dhcp::OptionCode::VendorClass) &&
        as_view(option.value).starts_with(kHttpClient);
    return is_http_class && may_meet_in(findings, range, both(option.conditions, boot.conditions));
  });
}

void check_http_boot(LintFindings& findings, const DhcpBoot& boot) {
  const std::string tags = as_written(boot.conditions);
  if (!is_http_url(boot.file)) {
    findings.warn(boot.location,
                  fmt::format("UEFI HTTP boot takes an http:// or https:// URL, and \"{}\" is none",
                              boot.file),
                  fmt::format("write dhcp-boot={}http://<server>/{}", tags, boot.file));
    return;
  }
  const auto is_of = [&](const DhcpRange* range) {
    return may_meet_in(findings, *range, boot.conditions);
  };
  const bool is_for_proxy = std::ranges::any_of(proxy_ranges(findings), is_of);
  if (is_for_proxy && !has_http_vendor(findings.configuration())) {
    findings.warn(boot.location,
                  "in a proxy range only the clients of dhcp-pxe-vendor get an answer, and that is "
                  "PXEClient alone: HTTPClient gets none",
                  "add dhcp-pxe-vendor=PXEClient,HTTPClient");
    return;
  }
  const bool is_refused =
      std::ranges::any_of(boot_lease_ranges(findings), [&](const DhcpRange* range) {
        return is_of(range) && !says_http_in_leases(findings, *range, boot);
      });
  if (!is_refused) return;
  findings.warn(boot.location,
                "UEFI firmware takes a URL only from an offer with HTTPClient in option 60, and "
                "this one has none",
                fmt::format("add dhcp-option-force={}60,HTTPClient", tags));
}

}  // namespace

void find_http_services(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  for (const PxeService& service : configuration.services) {
    if (!is_http_architecture(service.architecture)) continue;
    const auto files = std::ranges::count_if(configuration.services, [&](const PxeService& other) {
      return other.architecture == service.architecture && !other.basename.empty() &&
             findings.may_meet(other.conditions, service.conditions);
    });
    // Then the offer itself has the URL.
    if (has_http_vendor(configuration) && is_http_url(service.basename) && files == 1) continue;
    findings.warn(
        service.location,
        fmt::format("{} boots by HTTP and never asks port 4011, so a pxe-service does not "
                    "reach it",
                    dhcp::describe_architecture(service.architecture)),
        "use dhcp-boot with a URL, and dhcp-pxe-vendor=PXEClient,HTTPClient");
  }
}

void find_incomplete_http_boots(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const std::set<std::string> tags = http_tags(configuration);
  for (const DhcpBoot& boot : configuration.boots) {
    const bool is_for_http = std::ranges::any_of(boot.conditions, [&](const TagCondition& each) {
      return !each.negated && tags.contains(each.name);
    });
    if (is_for_http) check_http_boot(findings, boot);
  }
}

}  // namespace pxeproof::server
