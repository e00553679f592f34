#include "cli/serve_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "cli/program_head.h"
#include "firmware/boot_program.h"
#include "protocol/dhcp/client_options.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kMaximumDepth = 6;
constexpr std::size_t kMaximumFiles = 20'000;
// What a newcomer's machines are.
constexpr std::array<std::uint16_t, 4> kUsual{0, 6, 7, 11};
constexpr std::array<std::string_view, 3> kIpxeScripts{"autoexec.ipxe", "boot.ipxe", "menu.ipxe"};

struct Candidate {
  std::string path;  // below the directory
  firmware::BootProgram program;
  int depth = 0;
};

// The more preferred, then the nearer, then the first by name.
bool is_better(const Candidate& left, const Candidate& right) {
  if (left.program.preference != right.program.preference) {
    return left.program.preference > right.program.preference;
  }
  if (left.depth != right.depth) return left.depth < right.depth;
  return left.path < right.path;
}

std::map<std::uint16_t, Candidate> find_programs(const fs::path& directory) {
  std::map<std::uint16_t, Candidate> best;
  std::error_code error;
  fs::recursive_directory_iterator at(directory, fs::directory_options::skip_permission_denied,
                                      error);
  std::size_t files = 0;
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= kMaximumDepth) at.disable_recursion_pending();
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;  // links are followed
    if (++files > kMaximumFiles) break;
    const std::string path = at->path().lexically_relative(directory).generic_string();
    const auto program = firmware::read_boot_program(path, read_program_head(at->path()));
    if (!program) continue;
    const Candidate candidate{.path = path, .program = *program, .depth = at.depth()};
    for (const std::uint16_t architecture : program->architectures) {
      const auto [found, is_new] = best.try_emplace(architecture, candidate);
      if (!is_new && is_better(candidate, found->second)) found->second = candidate;
    }
  }
  return best;
}

// As a field of dnsmasq's language.
std::string in_quotes(std::string_view text) {
  std::string field = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') field += '\\';
    field += letter;
  }
  return field + "\"";
}

}  // namespace

Outcome<std::string> directory_configuration(const std::string& directory,
                                             const std::vector<NetworkInterface>& interfaces) {
  std::error_code error;
  const fs::path root = fs::canonical(directory, error);
  if (error || !fs::is_directory(root, error)) {
    return wrong_usage(
        fmt::format("{}: no such directory; name the one that holds the boot files", directory));
  }
  std::string text = "port=0\nenable-tftp\ntftp-root=" + in_quotes(root.string()) + "\n";
  bool has_network = false;
  for (const NetworkInterface& interface : interfaces) {
    if (interface.mac == MacAddress{}) continue;  // loopback
    for (const Subnet& subnet : interface.addresses) {
      text += fmt::format("dhcp-range={},proxy,{}\n", to_string(subnet.network()),
                          to_string(subnet.netmask));
      has_network = true;
    }
  }
  if (!has_network) {
    return environment_failed(
        "serve: no network interface is up with an IPv4 address; `ip address` shows them");
  }
  const auto programs = find_programs(root);
  if (programs.empty()) {
    return wrong_usage(fmt::format(
        "{}: no program in it that a firmware could start; add pxelinux.0 for BIOS machines, or "
        "an EFI program such as grubx64.efi or ipxe.efi",
        directory));
  }
  // iPXE, once started, wants its script and not itself again.
  const auto script = std::ranges::find_if(kIpxeScripts, [&root](std::string_view name) {
    std::error_code ignored;
    return fs::is_regular_file(root / name, ignored);
  });
  const bool has_script = script != kIpxeScripts.end();
  if (has_script) {
    text += "dhcp-match=set:ipxe,175\n";
    text += fmt::format("dhcp-boot=tag:ipxe,{}\n", *script);
  }
  for (const auto& [architecture, candidate] : programs) {
    text += fmt::format("pxe-service={}{},\"Network boot\",{}\n", has_script ? "tag:!ipxe," : "",
                        architecture, in_quotes(candidate.path));
  }
  return text;
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
