#include "simclient/grub_names.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::rom {
namespace {

struct Provider {
  std::string_view command;
  std::string_view bios;
  std::string_view efi;
};

// command.lst of Debian's grub-pc-bin and grub-efi-amd64-bin 2.06-13.
constexpr Provider kProviders[] = {
    {".", "configfile", "configfile"},
    {"[", "test", "test"},
    {"acpi", "acpi", "acpi"},
    {"background_color", "gfxterm_background", "gfxterm_background"},
    {"background_image", "gfxterm_background", "gfxterm_background"},
    {"boot", "boot", "boot"},
    {"break", "normal", "normal"},
    {"cat", "cat", "cat"},
    {"chainloader", "chain", "chain"},
    {"clear", "normal", "normal"},
    {"cmp", "cmp", "cmp"},
    {"configfile", "configfile", "configfile"},
    {"continue", "normal", "normal"},
    {"cpuid", "cpuid", "cpuid"},
    {"devicetree", "", "fdt"},
    {"echo", "echo", "echo"},
    {"eval", "eval", "eval"},
    {"exit", "minicmd", "minicmd"},
    {"export", "normal", "normal"},
    {"extract_entries_configfile", "configfile", "configfile"},
    {"extract_entries_source", "configfile", "configfile"},
    {"false", "true", "true"},
    {"fwsetup", "", "efifwsetup"},
    {"gettext", "gettext", "gettext"},
    {"halt", "halt", "halt"},
    {"hashsum", "hashsum", "hashsum"},
    {"help", "help", "help"},
    {"initrd", "linux", "linux"},
    {"initrd16", "linux16", "linux16"},
    {"initrdefi", "", "linuxefi"},
    {"keystatus", "keystatus", "keystatus"},
    {"linux", "linux", "linux"},
    {"linux16", "linux16", "linux16"},
    {"linuxefi", "", "linuxefi"},
    {"list_env", "loadenv", "loadenv"},
    {"load_env", "loadenv", "loadenv"},
    {"loadfont", "font", "font"},
    {"loopback", "loopback", "loopback"},
    {"ls", "ls", "ls"},
    {"menuentry", "normal", "normal"},
    {"module", "multiboot", "multiboot"},
    {"module2", "multiboot2", "multiboot2"},
    {"multiboot", "multiboot", "multiboot"},
    {"multiboot2", "multiboot2", "multiboot2"},
    {"net_bootp", "net", "net"},
    {"net_dhcp", "net", "net"},
    {"net_get_dhcp_option", "net", "net"},
    {"normal", "normal", "normal"},
    {"normal_exit", "normal", "normal"},
    {"password_pbkdf2", "password_pbkdf2", "password_pbkdf2"},
    {"play", "play", "play"},
    {"probe", "probe", "probe"},
    {"pxechainloader", "pxechain", ""},
    {"read", "read", "read"},
    {"reboot", "reboot", "reboot"},
    {"regexp", "regexp", "regexp"},
    {"return", "normal", "normal"},
    {"save_env", "loadenv", "loadenv"},
    {"search", "search", "search"},
    {"search.file", "search_fs_file", "search_fs_file"},
    {"search.fs_label", "search_label", "search_label"},
    {"search.fs_uuid", "search_fs_uuid", "search_fs_uuid"},
    {"serial", "serial", "serial"},
    {"setparams", "normal", "normal"},
    {"shift", "normal", "normal"},
    {"sleep", "sleep", "sleep"},
    {"smbios", "smbios", "smbios"},
    {"source", "configfile", "configfile"},
    {"submenu", "normal", "normal"},
    {"terminal_input", "terminal", "terminal"},
    {"terminal_output", "terminal", "terminal"},
    {"test", "test", "test"},
    {"true", "true", "true"},
};

}  // namespace

std::string normal_grub_path(std::string_view path) {
  std::string result;
  for (std::size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '/' && at + 1 < path.size() && path[at + 1] == '/') continue;
    result.push_back(path[at]);
  }
  return result;
}

GrubLocation locate_grub_file(std::string_view name, std::string_view root,
                              Ipv4Address default_server) {
  GrubLocation location;
  std::string_view device = root;
  std::string_view path = name;
  if (name.starts_with('(')) {
    const std::size_t end = name.find(')');
    if (end == std::string_view::npos) return location;
    device = name.substr(1, end - 1);
    path = name.substr(end + 1);
  }
  location.device_name = device;
  location.path = normal_grub_path(path);
  if (device == "memdisk") {
    location.device = GrubLocation::Device::Memdisk;
    return location;
  }
  std::string_view protocol = device;
  std::string_view server;
  if (device.starts_with("pxe:")) {
    protocol = "tftp";
    server = device.substr(4);
  } else if (device == "pxe") {
    protocol = "tftp";
  } else if (const std::size_t comma = device.find(','); comma != std::string_view::npos) {
    protocol = device.substr(0, comma);
    server = device.substr(comma + 1);
  }
  if (protocol == "http") {
    location.device = GrubLocation::Device::Foreign;
    return location;
  }
  if (protocol != "tftp") return location;
  const auto address = server.empty() ? default_server : Ipv4Address::parse(server);
  if (!address || address->is_unspecified()) return location;  // a name would be asked of DNS
  location.device = GrubLocation::Device::Tftp;
  location.server = *address;
  return location;
}

std::vector<std::string> grub_config_ladder(std::string_view prefix, const MacAddress& mac,
                                            Ipv4Address address,
                                            const std::optional<Guid>& client_uuid) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view suffix) {
    names.push_back(fmt::format("{}/grub.cfg-{}", prefix, suffix));
  };
  if (client_uuid) add(to_string(*client_uuid));
  std::string text = "01";
  for (const std::uint8_t octet : mac.octets) text += fmt::format("-{:02x}", octet);
  add(text);
  const std::string digits = fmt::format("{:08X}", address.value);
  for (std::size_t size = digits.size(); size > 0; --size) add(digits.substr(0, size));
  return names;
}

std::optional<std::string_view> grub_module_of(std::string_view command,
                                               std::string_view platform) {
  const auto* const found =
      std::find_if(std::begin(kProviders), std::end(kProviders),
                   [&](const Provider& row) { return row.command == command; });
  if (found == std::end(kProviders)) return std::nullopt;
  const std::string_view module = platform == "i386-pc" ? found->bios : found->efi;
  if (module.empty()) return std::nullopt;
  return module;
}

std::vector<std::pair<std::string, std::string>> parse_grub_list(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> rows;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view name = line.substr(0, colon);
    while (name.starts_with('*')) name.remove_prefix(1);
    std::string_view module = line.substr(colon + 1);
    while (module.starts_with(' ')) module.remove_prefix(1);
    if (module.ends_with('\r')) module.remove_suffix(1);
    rows.emplace_back(name, module);
  }
  return rows;
}

}  // namespace pxeproof::rom
