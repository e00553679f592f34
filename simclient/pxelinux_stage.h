#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/addresses.h"
#include "simclient/boot_stage.h"

namespace pxeproof::rom {

// Whether the waits of prompts and menus, which put no packet on the wire, take their time.
enum class PxelinuxWaits { Real, SkipIdle };

// What pxelinux.0 is started with, and our own limits.
struct PxelinuxOptions {
  std::string boot_file{};  // as DHCP named it; gives the prefix
  Ipv4Address server{};     // TFTP server: siaddr of the PXE reply
  MacAddress mac{};
  Ipv4Address address{};                     // the client's
  std::optional<Ipv4Address> gateway{};      // for SYSAPPEND 1 (ip=)
  std::optional<Ipv4Address> netmask{};      // for SYSAPPEND 1 (ip=)
  std::optional<Guid> guid{};                // option 97, wire order; zero counts as absent
  std::optional<std::string> config_file{};  // option 209
  std::optional<std::string> path_prefix{};  // option 210; replaces the prefix

  // Syslinux.efi loads another core, and its UDP comes with an address of its own, by plain DHCP.
  enum class Variant { Pxelinux, SyslinuxEfi } variant = Variant::Pxelinux;
  std::string core = "ldlinux.c32";
  std::optional<std::string> dhcp_profile{};

  PxelinuxWaits waits = PxelinuxWaits::SkipIdle;

  // Against endless or hostile configurations.
  // INCLUDE inside INCLUDE: the real one dies with its 121st file open (measured).
  std::size_t nesting_limit = 121;
  std::size_t config_size_limit = 64 * 1024;   // octets of one configuration file
  std::size_t config_total_limit = 1U << 20U;  // octets of a configuration with its INCLUDEs
  std::size_t fetch_limit = 4096;              // files asked for in one boot
  std::size_t loop_rounds = 3;                 // equal rounds before a loop is called one
};

// Debian's pxelinux.0 6.04 with nobody at the keyboard, from the first octet of the NBP to the
// start of a kernel. It asks for the files in the order of the real one.
std::unique_ptr<BootStage> make_pxelinux_stage(PxelinuxOptions options);

}  // namespace pxeproof::rom
