#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"

namespace pxeproof::rom {

// Where a name of GRUB's leads: "(tftp,10.0.0.1)/dir/file", "/file" on the device of $root.
struct GrubLocation {
  enum class Device { Tftp, Memdisk, Foreign, Unknown } device = Device::Unknown;
  std::string device_name{};  // "tftp,10.0.0.1", "http,server", "hd0,gpt1"
  Ipv4Address server{};
  std::string path{};  // as it stands in the RRQ
};
GrubLocation locate_grub_file(std::string_view name, std::string_view root,
                              Ipv4Address default_server);

// Two slashes in a row are one in an RRQ (net/tftp.c).
std::string normal_grub_path(std::string_view path);

// The configuration files in the order in which GRUB asks for them, without "grub.cfg" itself.
std::vector<std::string> grub_config_ladder(std::string_view prefix, const MacAddress& mac,
                                            Ipv4Address address,
                                            const std::optional<Guid>& client_uuid);

// The module that brings a command with it, as far as it is built in or already loaded; nullopt for
// commands that are not known here.
std::optional<std::string_view> grub_module_of(std::string_view command, std::string_view platform);

// The modules in command.lst and terminal.lst ("*linux: linux"), by command.
std::vector<std::pair<std::string, std::string>> parse_grub_list(std::string_view text);

}  // namespace pxeproof::rom
