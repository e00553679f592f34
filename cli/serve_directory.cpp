#include "cli/serve_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

#include "cli/served_programs.h"
#include "protocol/bytes.h"
#include "trace/boot_files.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

// What a newcomer's machines are.
constexpr std::array<std::uint16_t, 4> kUsual{0, 6, 7, 11};
constexpr std::array<std::string_view, 3> kIpxeScripts{"autoexec.ipxe", "boot.ipxe", "menu.ipxe"};

// As a field of dnsmasq's language.
std::string in_quotes(std::string_view text) {
  std::string field = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\' || letter == '\n') field += '\\';
    field += letter == '\n' ? 'n' : letter;
  }
  return field + "\"";
}

// A name of digits alone would be read as a boot service type.
std::string as_basename(const std::string& path) {
  const bool is_number = path.find_first_not_of("0123456789") == std::string::npos;
  return is_number ? "./" + path : path;
}

server::Diagnostic warning_about(const std::string& file, std::string what, std::string remedy) {
  return {.severity = server::Diagnostic::Severity::Warning,
          .rule = "directory-file",
          .location = {.file = printable(file)},
          .what = std::move(what),
          .remedy = std::move(remedy)};
}

std::vector<server::Diagnostic> warnings_of(const ServedPrograms& programs,
                                            const std::string& directory) {
  std::vector<server::Diagnostic> warnings;
  for (const auto& [path, refusal] : programs.left_out) {
    warnings.push_back(warning_about(directory + "/" + path,
                                     refusal.what + ", so it is not offered", refusal.remedy));
  }
  if (programs.further > 0) {
    warnings.push_back(warning_about(
        directory, fmt::format("{} further files in it are not offered", programs.further),
        "mend those above first"));
  }
  return warnings;
}

// iPXE without a script of its own asks as the firmware did, and would be sent itself.
std::vector<server::Diagnostic> warn_of_loops(const ServedPrograms& programs,
                                              const std::string& directory) {
  std::vector<server::Diagnostic> warnings;
  std::string_view warned;
  for (const auto& [architecture, best] : programs.best) {
    if (trace::role_of(best.path) != trace::FileRole::Ipxe || best.path == warned) continue;
    warned = best.path;
    warnings.push_back(warning_about(
        directory + "/" + best.path,
        "iPXE gets no script, so that it is sent itself again and again",
        fmt::format("add {}/boot.ipxe, unless a script is built into it", printable(directory))));
  }
  return warnings;
}

// "dhcp-range=10.0.0.0,proxy,255.255.255.0" for each network.
std::string proxy_ranges(const std::vector<NetworkInterface>& interfaces) {
  std::string text;
  for (const NetworkInterface& interface : interfaces) {
    if (interface.mac == MacAddress{}) continue;  // loopback
    for (const Subnet& subnet : interface.addresses) {
      text += fmt::format("dhcp-range={},proxy,{}\n", to_string(subnet.network()),
                          to_string(subnet.netmask));
    }
  }
  return text;
}

// What iPXE is to run once it is started, rather than itself again; empty: nothing.
std::string_view find_script(const std::string& root, const FileRules& rules,
                             ServedPrograms& programs) {
  for (const std::string_view name : kIpxeScripts) {
    std::error_code ignored;
    if (!fs::is_regular_file(fs::path(root) / name, ignored)) continue;
    auto refusal = refusal_of(root, std::string(name), rules);
    if (!refusal) return name;
    programs.leave_out(std::string(name), std::move(*refusal));
  }
  return {};
}

Failure no_program(const std::string& directory, const std::vector<server::Diagnostic>& warnings) {
  std::string message;
  for (const server::Diagnostic& each : warnings) message += server::to_string(each) + "\n";
  return {ExitCode::WrongUsage,
          message + fmt::format("{}: no program in it that a firmware could start; add pxelinux.0 "
                                "for BIOS machines, or an EFI program such as grubx64.efi or "
                                "ipxe.efi",
                                directory)};
}

}  // namespace

std::string source_name(const std::string& directory) { return "serve " + directory; }

Outcome<DirectoryConfiguration> directory_configuration(
    const std::string& directory, const std::vector<NetworkInterface>& interfaces,
    const FileRules& rules) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error || !fs::is_directory(root, error)) {
    return wrong_usage(
        fmt::format("{}: no such directory; name the one that holds the boot files", directory));
  }
  const std::string ranges = proxy_ranges(interfaces);
  if (ranges.empty()) {
    return environment_failed(
        "serve: no network interface is up with an IPv4 address; `ip address` shows them");
  }
  ServedPrograms programs = find_programs(root, rules);
  const std::string_view script = find_script(root.string(), rules, programs);
  auto warnings = warnings_of(programs, directory);
  if (programs.best.empty()) return fail(no_program(directory, warnings));
  std::string text = "port=0\nenable-tftp\ntftp-root=" + in_quotes(root.string()) + "\n" + ranges;
  if (script.empty()) {
    std::ranges::move(warn_of_loops(programs, directory), std::back_inserter(warnings));
  } else {
    text += fmt::format("dhcp-match=set:ipxe,175\ndhcp-boot=tag:ipxe,{}\n", script);
  }
  for (const auto& [architecture, best] : programs.best) {
    text +=
        fmt::format("pxe-service={}{},\"Network boot\",{}\n", script.empty() ? "" : "tag:!ipxe,",
                    architecture, in_quotes(as_basename(best.path)));
  }
  return DirectoryConfiguration{std::move(text), std::move(warnings)};
}

std::string describe_services(const server::Configuration& configuration) {
  std::vector<std::pair<std::string, std::string>> files;  // file and its architectures
  for (const server::PxeService& service : configuration.services) {
    const auto found =
        std::ranges::find(files, service.basename, &std::pair<std::string, std::string>::first);
    if (found == files.end()) {
      files.emplace_back(service.basename, std::to_string(service.architecture));
    } else {
      found->second += "+" + std::to_string(service.architecture);
    }
  }
  std::string text = "serving:";
  for (std::size_t i = 0; i < files.size(); ++i) {
    text += fmt::format("{} arch {} {}", i == 0 ? "" : ",", files[i].second, files[i].first);
  }
  std::string missing;
  for (const std::uint16_t architecture : kUsual) {
    const bool is_served = std::ranges::any_of(configuration.services,
                                               [architecture](const server::PxeService& service) {
                                                 return service.architecture == architecture;
                                               });
    if (!is_served) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", architecture);
  }
  if (!missing.empty()) text += "   not served: arch " + missing;
  return text;
}

std::string how_to_serve(std::uint16_t architecture, const std::string& directory) {
  std::string_view what = "a program for it";
  if (architecture == 0) what = "pxelinux.0";
  if (architecture == 6) what = "a 32-bit EFI program (bootia32.efi)";
  if (architecture == 7 || architecture == 9) what = "an EFI program for x64 (grubx64.efi)";
  if (architecture == 11) what = "an EFI program for ARM64 (grubaa64.efi)";
  return fmt::format("add {} to {} and it will be offered after a reload (SIGHUP)", what,
                     directory);
}

}  // namespace pxeproof::cli
