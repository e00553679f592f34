#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "firmware/grub_image.h"
#include "protocol/addresses.h"
#include "simclient/boot_stage.h"

namespace pxeproof::rom {

// What GRUB is started with, and our own limits.
struct GrubOptions {
  firmware::GrubImage image{};  // what is built in
  std::string boot_file{};      // as the DHCP acknowledgement names it; "(net)/dir" of cmdpath
  Ipv4Address server{};         // siaddr of the acknowledgement
  MacAddress mac{};
  Ipv4Address address{};
  std::optional<Guid> client_uuid{};  // option 97 of the acknowledgement, wire order
  // net_default_hostname, _domain, _rootpath and the like: what the acknowledgement says.
  std::map<std::string, std::string> properties{};

  enum class Waits { Real, SkipIdle } waits = Waits::SkipIdle;

  // Against endless or hostile configurations.
  std::size_t text_limit = 256 * 1024;      // octets of one configuration file
  std::size_t variable_limit = 64 * 1024;   // octets of one expanded command
  std::size_t instruction_limit = 200'000;  // of scripts, in one boot
  std::size_t fetch_limit = 4096;           // files asked for in one boot
  std::size_t nesting_limit = 64;           // scripts, menus and functions inside one another
  std::size_t loop_rounds = 3;              // readings of one file before that is called a loop
};

// GRUB 2.06 with nobody at the keyboard, from the core image to the start of a kernel. It asks for
// modules, configurations and images in the order of the real one.
std::unique_ptr<BootStage> make_grub_stage(GrubOptions options);

}  // namespace pxeproof::rom
