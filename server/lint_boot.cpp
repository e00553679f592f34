#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "server/lint_findings.h"

namespace pxeproof::server {

namespace {

// A field of the header, without its NUL, and the option that can stand in for it.
struct HeaderField {
  std::size_t size = 0;
  unsigned option = 0;
};
constexpr HeaderField kFileField{127, 67};
constexpr HeaderField kServerField{63, 66};

constexpr std::uint32_t kLongestTimeout = 255;

struct NamedServer {
  std::string name;
  SourceLocation location;
  std::string_view directive;
};

std::vector<NamedServer> named_servers(const Configuration& configuration) {
  std::vector<NamedServer> result;
  for (const PxeService& service : configuration.services) {
    if (!service.server_name.empty()) {
      result.push_back({service.server_name, service.location, "pxe-service"});
    }
  }
  for (const DhcpBoot& boot : configuration.boots) {
    if (!boot.tftp_server_name.empty()) {
      result.push_back({boot.tftp_server_name, boot.location, "dhcp-boot"});
    }
  }
  return result;
}

bool is_number(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A BIOS client for which this dhcp-boot counts finds no pxe-service and so takes the header.
// With one it has a menu, and the answer to its choice names the server.
bool serves_a_bios_alone(const LintFindings& findings, const DhcpBoot& boot) {
  const Configuration& configuration = findings.configuration();
  const auto architectures = findings.architectures_of(boot.conditions);
  const bool reaches_a_bios =
      !architectures ||
      std::ranges::any_of(*architectures, [](std::uint16_t number) { return !is_uefi(number); });
  if (!reaches_a_bios) return false;
  return std::ranges::none_of(configuration.services, [&](const PxeService& service) {
    return !is_uefi(service.architecture) && findings.may_meet(service.conditions, boot.conditions);
  });
}

// The same for conditions that mean the same.
std::string key_of(std::vector<TagCondition> conditions) {
  std::ranges::sort(conditions, [](const TagCondition& left, const TagCondition& right) {
    return std::tie(left.name, left.negated) < std::tie(right.name, right.negated);
  });
  return as_written(conditions);
}

// Each line with the next one that has the same conditions.
template <typename Line, typename Report>
void for_each_overridden(const std::vector<Line>& lines, Report report) {
  std::unordered_map<std::string, const Line*> later;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const auto [found, is_last] = later.try_emplace(key_of(line->conditions), &*line);
    if (is_last) continue;
    report(line->location, to_string(found->second->location));
    found->second = &*line;
  }
}

}  // namespace

void find_boot_without_address(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  if (!has_proxy_range(configuration) || !findings.whole_configuration().pxe_enabled()) return;
  for (const DhcpBoot& boot : configuration.boots) {
    if (boot.server || !boot.tftp_server_name.empty() || boot.file.empty()) continue;
    if (!serves_a_bios_alone(findings, boot)) continue;
    findings.warn(boot.location,
                  "without a server address dnsmasq sends BIOS clients next-server 0.0.0.0, and "
                  "iPXE then asks port 4011 for ever; pxeproof sends its own address",
                  fmt::format("write dhcp-boot={}{},{},<address of the TFTP server>",
                              as_written(boot.conditions), boot.file, boot.server_name));
  }
}

void find_names_without_dns(LintFindings& findings) {
  if (findings.configuration().dns_port != 0) return;
  for (const NamedServer& server : named_servers(findings.configuration())) {
    if (is_number(server.name)) continue;
    findings.warn(server.location,
                  fmt::format("with port=0 dnsmasq looks up no names, so it sends 0.0.0.0 for "
                              "\"{}\"; pxeproof looks it up",
                              server.name),
                  "give the address of the server");
  }
}

void find_unknown_names(LintFindings& findings) {
  for (const NamedServer& server : named_servers(findings.configuration())) {
    if (is_number(server.name)) continue;
    if (!addresses_of(findings.configuration(), server.name).empty()) continue;
    findings.warn(server.location,
                  fmt::format("no hosts file and no host-record knows \"{}\", so clients would be "
                              "sent to 0.0.0.0",
                              server.name),
                  fmt::format("give the address, or add host-record={},<address>", server.name));
  }
}

void find_numbers_as_server(LintFindings& findings) {
  for (const NamedServer& server : named_servers(findings.configuration())) {
    if (!is_number(server.name)) continue;
    findings.warn(
        server.location,
        fmt::format("the {} in {} is taken for the name of a server, not for a timeout or "
                    "layer",
                    server.name, server.directive),
        "remove it; the prompt's timeout belongs to pxe-prompt");
  }
}

std::optional<Ipv4Address> address_as_name(const DhcpBoot& boot) {
  if (boot.server || !boot.tftp_server_name.empty()) return std::nullopt;
  return Ipv4Address::parse(boot.server_name);
}

void find_addresses_as_names(LintFindings& findings) {
  for (const DhcpBoot& boot : findings.configuration().boots) {
    const auto address = address_as_name(boot);
    if (!address) continue;
    findings.warn(boot.location,
                  fmt::format("{} stands in the field of the server's name: next-server, where "
                              "most clients take their file from, stays the address of this server",
                              boot.server_name),
                  fmt::format("write dhcp-boot={}{},,{}", as_written(boot.conditions), boot.file,
                              boot.server_name));
  }
}

void find_long_names(LintFindings& findings) {
  const Configuration& configuration = findings.configuration();
  const auto judge = [&](std::string_view name, const HeaderField& field, std::string_view when,
                         const SourceLocation& location) {
    if (name.size() <= field.size) return;
    findings.warn(location,
                  fmt::format("the name has {} octets and the header's field holds {}: dnsmasq "
                              "cuts off the rest{}; pxeproof sends all, in option {}",
                              name.size(), field.size, when, field.option),
                  "shorten it");
  };
  for (const PxeService& service : configuration.services) {
    judge(service.basename, kFileField, "", service.location);
    // A menu has no name of a server.
    const bool is_named = has_proxy_range(configuration) && is_uefi(service.architecture);
    if (is_named) judge(service.server_name, kServerField, "", service.location);
  }
  if (!has_leases(configuration)) {
    for (const DhcpBoot& boot : configuration.boots)
      judge(boot.file, kFileField, "", boot.location);
    return;
  }
  for (const DhcpBoot& boot : configuration.boots) {
    judge(boot.file, kFileField, " for clients that do not ask for option 67", boot.location);
    judge(boot.server_name, kServerField, " for clients that do not ask for option 66",
          boot.location);
  }
}

void find_overridden_boots(LintFindings& findings) {
  const auto report = [&](const SourceLocation& location, const std::string& later) {
    findings.warn(location,
                  fmt::format("the dhcp-boot at {} has the same tags and comes later, so this one "
                              "is never used",
                              later),
                  "remove one of them, or give it a tag");
  };
  for_each_overridden(findings.configuration().boots, report);
}

void find_overridden_prompts(LintFindings& findings) {
  const auto report = [&](const SourceLocation& location, const std::string& later) {
    findings.warn(location,
                  fmt::format("the pxe-prompt at {} has the same tags and comes later: dnsmasq "
                              "sends both, this one behind it, and pxeproof only that one",
                              later),
                  "remove one of them, or give it a tag");
  };
  for_each_overridden(findings.configuration().prompts, report);
}

// Of dhcp-option lines for the name of the file or of the server.
void find_boots_beside_options(LintFindings& findings) {
  constexpr std::uint8_t kServerName = 66;
  constexpr std::uint8_t kFile = 67;
  const Configuration& configuration = findings.configuration();
  if (!has_leases(configuration)) return;
  for (const DhcpOption& option : configuration.options) {
    const bool is_name = option.code == kFile || option.code == kServerName;
    if (!is_plain(option) || !is_name || option.value.empty()) continue;
    const auto boot = std::ranges::find_if(configuration.boots, [&](const DhcpBoot& one) {
      const std::string& name = option.code == kFile ? one.file : one.server_name;
      return !name.empty() && findings.may_meet(one.conditions, option.conditions);
    });
    if (boot == configuration.boots.end()) continue;
    findings.warn(
        option.location,
        fmt::format("dnsmasq sends option {} of this line and that of the dhcp-boot at {} "
                    "to the same clients, which take the one or the other; pxeproof sends "
                    "only dhcp-boot's",
                    option.code, to_string(boot->location)),
        "keep the dhcp-boot, or give the two tags that exclude each other");
  }
}

void find_long_timeouts(LintFindings& findings) {
  for (const PxePrompt& prompt : findings.configuration().prompts) {
    const std::uint32_t timeout = prompt.timeout_seconds.value_or(0);
    if (timeout <= kLongestTimeout) continue;
    findings.warn(
        prompt.location,
        fmt::format("the timeout is one octet: dnsmasq makes {} seconds of {}, and pxeproof "
                    "the longest there is",
                    timeout % 256, timeout),
        "give at most 254 seconds; 255 waits for ever");
  }
}

}  // namespace pxeproof::server
