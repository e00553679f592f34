#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "protocol/dhcp/client_options.h"
#include "server/lint_findings.h"
#include "server/lint_range.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kX64 = 7;       // X86-64_EFI, and what EDK2 sends
constexpr std::uint16_t kByteCode = 9;  // BC_EFI, and what some x64 firmware sends

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

// The same among the services that the client of a range has.
bool is_only_uefi_file_in(const LintFindings& findings, const DhcpRange& range,
                          const PxeService& service) {
  if (!is_uefi(service.architecture) || service.basename.empty()) return false;
  if (!may_meet_in(findings, range, service.conditions)) return false;
  Services beside = together_with(findings, service);
  std::erase_if(beside, [&](const PxeService* other) {
    return !may_meet_in(findings, range, both(service.conditions, other->conditions));
  });
  return count_files(beside) == 1;
}

Services only_uefi_files_in(const LintFindings& findings, const DhcpRange& range) {
  Services result;
  for (const PxeService& service : findings.configuration().services) {
    if (is_only_uefi_file_in(findings, range, service)) result.push_back(&service);
  }
  return result;
}

// A client with this service may be told a file in a lease, in the header or in option 67.
bool names_file_for(const LintFindings& findings, const DhcpRange& range,
                    const PxeService& service) {
  constexpr std::uint8_t kFile = 67;
  const auto allows_this = [&](const auto& line) {
    const auto architectures = findings.architectures_of(line.conditions);
    if (architectures && !architectures->contains(service.architecture)) return false;
    return may_meet_in(findings, range, both(line.conditions, service.conditions));
  };
  const Configuration& configuration = findings.configuration();
  return std::ranges::any_of(configuration.boots, allows_this) ||
         std::ranges::any_of(configuration.options, [&](const DhcpOption& option) {
           return is_plain(option) && option.code == kFile && allows_this(option);
         });
}

// Every client of this architecture that satisfies these in the range has the service.
bool is_service_of_all(const LintFindings& findings, const DhcpRange& range,
                       const std::vector<TagCondition>& conditions, const PxeService& service) {
  const std::vector<TagCondition> certain = both(conditions, conditions_of(range));
  return std::ranges::all_of(service.conditions, [&](const TagCondition& each) {
    if (std::ranges::find(certain, each) != certain.end()) return true;
    const auto architectures = findings.architectures_of({each});
    return !each.negated && architectures && architectures->contains(service.architecture);
  });
}

// The service that all UEFI clients of a dhcp-boot have alone, whatever their architecture.
const PxeService* hiding(const LintFindings& findings, const DhcpRange& range,
                         const Services& only_files, const DhcpBoot& boot) {
  const PxeService* found = nullptr;
  const auto architectures = findings.architectures_of(boot.conditions);
  // Untagged lines are for other clients as well; only a line for UEFI clients is in vain.
  if (!architectures || !may_meet_in(findings, range, boot.conditions)) return nullptr;
  for (const std::uint16_t architecture : *architectures) {
    const auto service = std::ranges::find_if(only_files, [&](const PxeService* one) {
      return one->architecture == architecture &&
             is_service_of_all(findings, range, boot.conditions, *one);
    });
    if (service == only_files.end()) return nullptr;
    if (found == nullptr) found = *service;
  }
  return found;
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
  struct Hider {
    const DhcpRange* range;
    Services only_files;
  };
  std::vector<Hider> hiders;
  for (const DhcpRange* range : proxy_ranges(findings)) {
    hiders.push_back({range, only_uefi_files_in(findings, *range)});
  }
  const std::vector<const DhcpRange*> leases = boot_lease_ranges(findings);
  for (const DhcpBoot& boot : findings.configuration().boots) {
    const PxeService* service = nullptr;
    const bool is_used_in_proxy = std::ranges::any_of(hiders, [&](const Hider& each) {
      const PxeService* found = hiding(findings, *each.range, each.only_files, boot);
      if (found != nullptr) service = found;
      return found == nullptr && may_meet_in(findings, *each.range, boot.conditions);
    });
    const bool is_used_in_leases = std::ranges::any_of(leases, [&](const DhcpRange* range) {
      return may_meet_in(findings, *range, boot.conditions);
    });
    if (service == nullptr || is_used_in_proxy || is_used_in_leases) continue;
    findings.note(boot.location,
                  fmt::format("UEFI clients have exactly one pxe-service, at {}, and are sent to "
                              "port 4011 for its file; this line is not used for them",
                              to_string(service->location)),
                  "remove it, or the pxe-service");
  }
}

void find_uefi_dead_end_in_leases(LintFindings& findings) {
  std::set<const PxeService*> reported;
  for (const DhcpRange* range : boot_lease_ranges(findings)) {
    for (const PxeService* service : only_uefi_files_in(findings, *range)) {
      if (names_file_for(findings, *range, *service)) continue;
      if (!reported.insert(service).second) continue;
      findings.warn(service->location,
                    "with a lease range dnsmasq offers UEFI clients this single service without a "
                    "file and then does not answer them on port 4011; pxeproof does",
                    fmt::format("for both, add dhcp-boot={}", service->basename));
    }
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

}  // namespace pxeproof::server
