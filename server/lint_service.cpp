#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kX64 = 7;         // X86-64_EFI, and what EDK2 sends
constexpr std::uint16_t kByteCode = 9;    // BC_EFI, and what some x64 firmware sends
constexpr std::uint16_t kFirstHttp = 15;  // x86 UEFI HTTP boot ... 20
constexpr std::uint16_t kLastHttp = 20;

using Services = std::vector<const PxeService*>;

// The services of one architecture that one client may see together with the given one.
Services together_with(const LintFindings& findings, const PxeService& service) {
  Services result;
  for (const PxeService& other : findings.configuration().services) {
    if (other.architecture == service.architecture &&
        findings.may_meet(other.conditions, service.conditions)) {
      result.push_back(&other);
    }
  }
  return result;
}

std::size_t count_files(const Services& services) {
  return static_cast<std::size_t>(std::ranges::count_if(
      services, [](const PxeService* service) { return !service->basename.empty(); }));
}

// A UEFI service that is the only one with a file: dnsmasq's workaround (facts/server.md 1.5).
bool is_only_uefi_file(const LintFindings& findings, const PxeService& service) {
  return is_uefi(service.architecture) && !service.basename.empty() &&
         count_files(together_with(findings, service)) == 1;
}

template <typename Line>
bool allows(const LintFindings& findings, const Line& line, const PxeService& service) {
  const auto architectures = findings.architectures_of(line.conditions);
  if (architectures && !architectures->contains(service.architecture)) return false;
  return findings.may_meet(line.conditions, service.conditions);
}

// A client with this service may be told a file in a lease, in the header or in option 67.
bool names_file_for(const LintFindings& findings, const PxeService& service) {
  constexpr std::uint8_t kFile = 67;
  const auto allows_this = [&](const auto& line) { return allows(findings, line, service); };
  const Configuration& configuration = findings.configuration();
  return std::ranges::any_of(configuration.boots, allows_this) ||
         std::ranges::any_of(configuration.options, [&](const DhcpOption& option) {
           return is_plain(option) && option.code == kFile && allows_this(option);
         });
}

bool has_service(const Configuration& configuration, std::uint16_t architecture,
                 const PxeService& beside) {
  return std::ranges::any_of(configuration.services, [&](const PxeService& service) {
    return service.architecture == architecture &&
           are_compatible(service.conditions, beside.conditions);
  });
}

// The server's field as it ends the line.
std::string server_of(const PxeService& service) {
  if (service.server) return "," + to_string(*service.server);
  return service.server_name.empty() ? std::string() : "," + service.server_name;
}

std::string_view csa_name(std::uint16_t architecture) {
  const dhcp::Architecture* row = dhcp::find_architecture(architecture);
  return row == nullptr ? std::string_view() : row->csa_name;
}

}  // namespace

void find_lost_local_boot(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  for (const PxeService& service : configuration.services) {
    if (!is_only_uefi_file(findings, service)) continue;
    for (const PxeService* other : together_with(findings, service)) {
      if (!other->basename.empty() || other->type != 0) continue;
      findings.note(
          other->location,
          fmt::format("dnsmasq counts only services with a file, so \"{}\" is lost beside "
                      "\"{}\"; pxeproof sends both",
                      other->menu_text, service.menu_text),
          "offer local boot in the boot loader's own menu");
    }
  }
}

void find_hidden_boots(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!has_proxy_range(configuration)) return;
  for (const DhcpBoot& boot : configuration.boots) {
    // Untagged lines are for other clients as well; only a line for UEFI clients is in vain.
    const auto architectures = findings.architectures_of(boot.conditions);
    if (!architectures) continue;
    const auto service = std::ranges::find_if(configuration.services, [&](const PxeService& one) {
      return is_only_uefi_file(findings, one) && allows(findings, boot, one);
    });
    if (service == configuration.services.end()) continue;
    findings.note(boot.location,
                  fmt::format("UEFI clients have exactly one pxe-service, at {}, and are sent to "
                              "port 4011 for its file; this line is not used for them",
                              to_string(service->location)),
                  "remove it, or the pxe-service");
  }
}

void find_uefi_dead_end_in_leases(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!has_leases(configuration) || has_proxy_range(configuration)) return;
  for (const PxeService& service : configuration.services) {
    if (!is_only_uefi_file(findings, service)) continue;
    if (names_file_for(findings, service)) continue;
    findings.warn(service.location,
                  "with a lease range dnsmasq offers UEFI clients this single service without a "
                  "file and then does not answer them on port 4011; pxeproof does",
                  fmt::format("for both, add dhcp-boot={}", service.basename));
  }
}

void find_added_suffixes(LintFindings& findings) {
  for (const PxeService& service : findings.configuration().services) {
    const std::string& name = service.basename;
    if (name.empty()) continue;
    const std::size_t slash = name.rfind('/');
    const bool has_dot = name.find('.') != std::string::npos;
    const bool has_dot_in_file =
        name.find('.', slash == std::string::npos ? 0 : slash) != std::string::npos;
    if (!has_dot && is_uefi(service.architecture)) {
      findings.warn(
          service.location,
          fmt::format("\"{}\" has no dot, so dnsmasq makes \"{}.0\" of it; pxeproof does not", name,
                      name),
          fmt::format("give the whole name of the file, such as {}.efi", name));
    } else if (has_dot && !has_dot_in_file && !is_uefi(service.architecture)) {
      findings.warn(service.location,
                    fmt::format("the dot in the directory of \"{}\" keeps dnsmasq from appending "
                                "\".0\"; pxeproof looks at the file's name only",
                                name),
                    fmt::format("for both, write {}.0", name));
    }
  }
}

void find_half_of_x64(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  for (const PxeService& service : configuration.services) {
    if (service.basename.empty()) continue;
    const bool is_x64 = service.architecture == kX64;
    if (!is_x64 && service.architecture != kByteCode) continue;
    const std::uint16_t other = is_x64 ? kByteCode : kX64;
    if (has_service(configuration, other, service)) continue;
    // With tags of one number alone neither server gives the other one anything.
    const auto architectures = findings.architectures_of(service.conditions);
    if (architectures && !architectures->contains(other)) continue;
    findings.note(
        service.location,
        fmt::format("x64 firmware sends 7 or 9, and dnsmasq serves only {} here and not {}; "
                    "pxeproof takes them for one",
                    service.architecture, other),
        fmt::format("add pxe-service={}{},\"{}\",{}{}", as_written(service.conditions),
                    csa_name(other), service.menu_text, service.basename, server_of(service)));
  }
}

void find_shadowed_types(LintFindings& findings) {
  // dnsmasq looks at the number alone, whatever the tags.
  const auto& services = findings.whole_configuration().services;
  for (const PxeService& numeric : services) {
    if (!numeric.basename.empty() || numeric.type == 0) continue;
    const auto same = std::ranges::find_if(services, [&](const PxeService& other) {
      return !other.basename.empty() && other.type == numeric.type;
    });
    if (same == services.end()) continue;
    findings.warn(numeric.location,
                  fmt::format("type {} is also the type of the service at {}, which counts from "
                              "32768",
                              numeric.type, to_string(same->location)),
                  "choose a type below 32768");
  }
}

void find_http_services(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const bool has_http_clients = std::ranges::find_if(configuration.pxe_vendors, [](auto& vendor) {
                                  return vendor.starts_with("HTTPClient");
                                }) != configuration.pxe_vendors.end();
  for (const PxeService& service : configuration.services) {
    if (service.architecture < kFirstHttp || service.architecture > kLastHttp) continue;
    // Then the offer itself has the URL.
    const bool is_offered = has_http_clients && is_http_url(service.basename) &&
                            count_files(together_with(findings, service)) == 1;
    if (is_offered) continue;
    findings.warn(
        service.location,
        fmt::format("{} boots by HTTP and never asks port 4011, so a pxe-service does not "
                    "reach it",
                    dhcp::describe_architecture(service.architecture)),
        "use dhcp-boot with a URL, and dhcp-pxe-vendor=PXEClient,HTTPClient");
  }
}

}  // namespace pxeproof::server
