#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

constexpr std::uint32_t kDefaultTransfers = 50;  // dnsmasq's tftp-max

SourceLocation tftp_location(const Configuration& configuration, std::string_view directive) {
  return location_of(configuration, directive).value_or(configuration.tftp.root_location);
}

}  // namespace

void find_tftp_without_root(LintFindings& findings) {
  const TftpConfiguration& tftp = findings.configuration().tftp;
  if (!tftp.enabled || !tftp.root.empty() || !tftp.interface_roots.empty()) return;
  findings.warn(tftp_location(findings.configuration(), "enable-tftp"),
                "without tftp-root every readable file of this machine can be fetched",
                "add tftp-root=/srv/tftp");
}

void find_tftp_not_enabled(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (configuration.tftp.enabled) return;
  const auto use = std::ranges::find_if(configuration.directives, [](const DirectiveUse& one) {
    return one.name.starts_with("tftp-");
  });
  if (use == configuration.directives.end()) return;
  findings.warn(use->location, fmt::format("{} without enable-tftp serves no file", use->name),
                "add enable-tftp");
}

void find_secure_as_root(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!configuration.tftp.secure || configuration.user != "root") return;
  findings.warn(tftp_location(configuration, "tftp-secure"),
                "with user=root dnsmasq does not look at the owner of files; pxeproof does",
                "name an ordinary user, and let it own the files");
}

void find_single_port_bound(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!configuration.tftp.single_port || !configuration.bind_interfaces) return;
  findings.warn(tftp_location(configuration, "tftp-single-port"),
                "with bind-interfaces dnsmasq 2.90 sends nothing from its single TFTP port; "
                "pxeproof does",
                "for both, use bind-dynamic instead of bind-interfaces");
}

void find_small_port_range(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const auto& range = configuration.tftp.port_range;
  if (!range) return;
  const std::uint32_t ports = range->second - range->first + 1U;
  const std::uint32_t transfers = configuration.tftp.maximum_transfers.value_or(kDefaultTransfers);
  if (ports >= transfers) return;
  findings.note(tftp_location(configuration, "tftp-port-range"),
                fmt::format("{} ports allow dnsmasq {} transfers at a time, fewer than tftp-max "
                            "({}); pxeproof shares ports between clients",
                            ports, ports, transfers),
                "widen the range");
}

}  // namespace pxeproof::server
