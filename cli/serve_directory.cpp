#include "cli/serve_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <utility>

#include "cli/served_programs.h"
#include "protocol/bytes.h"
#include "server/boot_file.h"
#include "trace/boot_files.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

// What a newcomer's machines are.
constexpr std::array<std::uint16_t, 4> kUsual{0, 6, 7, 11};
// IEEE's registry: Raspberry Pi (Trading) Ltd and Raspberry Pi Foundation.
constexpr std::array<std::string_view, 7> kPiMacs{"28:cd:c1", "2c:cf:67", "88:a2:9e", "b8:27:eb",
                                                  "d8:3a:dd", "dc:a6:32", "e4:5f:01"};
constexpr std::string_view kPiText = "Raspberry Pi Boot";
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

// What there is instead: "boot.ipxe (a script for iPXE, ...), and 3 more".
std::string describe_others(const ServedPrograms& programs) {
  std::string text;
  for (const ServedPrograms::Other& each : programs.others) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : "; ", printable(each.path), each.what);
  }
  if (programs.further_others > 0) text += fmt::format("; {} more", programs.further_others);
  return text.empty() ? "there is no file at all" : "there is " + text;
}

server::Diagnostic no_program(const std::string& directory, const ServedPrograms& programs,
                              std::string_view script) {
  return warning_about(
      directory, "no program in it that a firmware could start: " + describe_others(programs),
      script.empty() ? "add pxelinux.0 for BIOS machines, or an EFI program such as grubx64.efi or "
                       "ipxe.efi"
                     : "add iPXE, which runs the script: undionly.kpxe for BIOS machines, ipxe.efi "
                       "for UEFI ones");
}

Failure failure_of(const std::vector<server::Diagnostic>& warnings, server::Diagnostic last) {
  std::string message;
  for (const server::Diagnostic& each : warnings) message += server::to_string(each) + "\n";
  last.severity = server::Diagnostic::Severity::Error;
  return {ExitCode::WrongUsage, message + server::to_string(last)};
}

// A Raspberry Pi says that it is architecture 0, and is no PC: the menu's text is what it goes by.
// A file is named that the answer names its server, too: some ask the address server for theirs.
std::string raspberry_pi_lines(const std::string& file) {
  std::string text;
  for (const std::string_view owner : kPiMacs) {
    text += fmt::format("dhcp-mac=set:raspberry-pi,{}:*:*:*\n", owner);
  }
  return text + fmt::format(
                    "pxe-service=tag:raspberry-pi,0,\"{}\"\n"
                    "dhcp-match=set:architecture-0,93,0\n"
                    "dhcp-boot=tag:raspberry-pi,tag:architecture-0,{}\n",
                    kPiText, in_quotes(file));
}

bool is_for_pis(const server::PxeService& service) {
  return service.menu_text == kPiText && service.basename.empty();
}

std::string list_missing(const server::Configuration& configuration) {
  std::string missing;
  for (const std::uint16_t architecture : kUsual) {
    const bool is_served = std::ranges::any_of(
        configuration.services, [architecture](const server::PxeService& service) {
          return service.architecture == architecture && !is_for_pis(service);
        });
    if (!is_served) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", architecture);
  }
  return missing;
}

}  // namespace

std::string source_name(const std::string& directory) { return "serve " + directory; }

Outcome<DirectoryConfiguration> directory_configuration(
    const std::string& directory, const std::vector<NetworkInterface>& interfaces,
    const FileRules& rules, NoProgram no_program_is) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error || !fs::is_directory(root, error)) {
    return wrong_usage(fmt::format("{}: {}; name the one that holds the boot files", directory,
                                   error ? "no such directory" : "is a file and no directory"));
  }
  const std::string ranges = proxy_ranges(interfaces);
  if (ranges.empty()) {
    return environment_failed(
        "serve: no network interface is up with an IPv4 address; `ip address` shows them");
  }
  ServedPrograms programs = find_programs(root, rules);
  const std::string_view script = find_script(root.string(), rules, programs);
  auto warnings = warnings_of(programs, directory);
  if (programs.is_empty()) {
    auto warning = no_program(directory, programs, script);
    if (no_program_is == NoProgram::Refused) return fail(failure_of(warnings, std::move(warning)));
    warning.remedy += "; it will be offered";
    warnings.push_back(std::move(warning));
  }
  std::string text = "port=0\nenable-tftp\ntftp-root=" + in_quotes(root.string()) + "\n" + ranges;
  // Of dhcp-boot lines the last one counts, which is iPXE's.
  if (programs.raspberry_pi) text += raspberry_pi_lines(*programs.raspberry_pi);
  if (script.empty()) {
    std::ranges::move(warn_of_loops(programs, directory), std::back_inserter(warnings));
  } else {
    text += fmt::format("dhcp-match=set:ipxe,175\ndhcp-boot=tag:ipxe,{}\n", script);
  }
  for (const auto& [architecture, best] : programs.best) {
    const bool is_for_pcs = programs.raspberry_pi && architecture == server::kBiosArchitecture;
    text += fmt::format("pxe-service={}{}{},\"Network boot\",{}\n",
                        script.empty() ? "" : "tag:!ipxe,", is_for_pcs ? "tag:!raspberry-pi," : "",
                        architecture, in_quotes(as_basename(best.path)));
  }
  return DirectoryConfiguration{std::move(text), std::move(warnings)};
}

std::string describe_services(const server::Configuration& configuration) {
  std::vector<std::pair<std::string, std::string>> files;  // file and its architectures
  std::string others;
  for (const server::PxeService& service : configuration.services) {
    if (is_for_pis(service)) {
      others += ", Raspberry Pi";
      continue;
    }
    const auto found =
        std::ranges::find(files, service.basename, &std::pair<std::string, std::string>::first);
    if (found == files.end()) {
      files.emplace_back(service.basename, std::to_string(service.architecture));
    } else {
      found->second += "+" + std::to_string(service.architecture);
    }
  }
  if (files.empty() && others.empty()) return "serving: no boot program yet";
  for (const server::DhcpBoot& boot : configuration.boots) {
    const auto is_ipxe = [](const server::TagCondition& each) { return each.name == "ipxe"; };
    if (std::ranges::any_of(boot.conditions, is_ipxe)) others += ", iPXE " + boot.file;
  }
  std::string list;
  for (const auto& [file, architectures] : files) {
    list += fmt::format(", arch {} {}", architectures, file);
  }
  const std::string text = "serving: " + (list + others).substr(2);
  const std::string missing = list_missing(configuration);
  return missing.empty() ? text : text + "   not served: arch " + missing;
}

std::string how_to_serve(std::uint16_t architecture, const std::string& directory) {
  std::string_view what = "a program for it";
  if (architecture == 0) what = "pxelinux.0";
  if (architecture == 6) what = "a 32-bit EFI program (bootia32.efi)";
  if (architecture == 7 || architecture == 9) what = "an EFI program for x64 (grubx64.efi)";
  if (architecture == 11) what = "an EFI program for ARM64 (grubaa64.efi)";
  return fmt::format("add {} to {} and it will be offered", what, directory);
}

}  // namespace pxeproof::cli
