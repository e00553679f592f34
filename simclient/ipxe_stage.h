#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "protocol/addresses.h"
#include "simclient/boot_stage.h"
#include "simclient/server_settings.h"

namespace pxeproof::rom {

// What iPXE is started with, and our own limits.
struct IpxeOptions {
  // A script that an iPXE ROM boots; nullopt: an image of iPXE, which configures the interface
  // anew and boots what it is then told.
  std::optional<std::string> script{};
  std::string boot_file{};  // the script's name, for relative names
  Ipv4Address server{};     // that it came from
  MacAddress mac{};
  Guid guid{};
  Subnet subnet{};
  std::optional<Ipv4Address> router{};
  ServerSettings settings{};
  enum class Platform { Bios, Efi } platform = Platform::Bios;
  std::string build_architecture = "i386";  // ${buildarch}
  std::string dhcp_profile = "ipxe-bios";   // of its own DHCP sessions
  bool looks_for_autoexec = false;          // builds since 2023: autoexec.ipxe where it came from

  enum class Waits { Real, SkipIdle } waits = Waits::SkipIdle;

  // Against endless or hostile scripts.
  std::size_t script_limit = 256 * 1024;  // octets of one script
  std::size_t line_limit = 64 * 1024;     // octets of one expanded word
  std::size_t command_limit = 100'000;    // of scripts, in one boot
  std::size_t fetch_limit = 4096;         // files asked for in one boot
  std::size_t nesting_limit = 64;         // scripts inside scripts
  std::size_t loop_rounds = 8;            // failures of one file in a row
};

// iPXE with nobody at the keyboard: scripts, and what they fetch.
std::unique_ptr<BootStage> make_ipxe_stage(IpxeOptions options);

}  // namespace pxeproof::rom
