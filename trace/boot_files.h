#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// What a file is to a boot, as far as its name tells.
enum class FileRole {
  Pxelinux,       // pxelinux.0, lpxelinux.0
  SyslinuxEfi,    // syslinux.efi, bootx64.efi of syslinux is not told apart
  Ipxe,           // undionly.kpxe, ipxe.efi, snponly.efi, ...
  Grub,           // grubx64.efi, core.0, ...
  Shim,           // shimx64.efi, shim.efi
  WindowsLoader,  // wdsnbp.com, bootmgfw.efi, ...
  RaspberryPi,    // bootcode.bin, start4.elf, config.txt, ...
  Module,         // ldlinux.c32, *.mod, *.lst and other parts of a loader
  Config,         // what a loader reads its orders from
  Optional,       // looked for, and not missed: autoexec.ipxe, revocations.efi, ...
  Kernel,
  Initrd,
  Other,
};
FileRole role_of(std::string_view name);

// The same for the target of an HTTP request, whose query is no part of the name.
FileRole role_of_target(std::string_view target);
bool is_payload(FileRole role);  // a kernel or an initrd

// What a program that runs already shows or hands on, and that does not run itself: a picture, a
// font, a device tree.
bool is_accessory(std::string_view name);

// A program of this role asks for more as soon as it runs.
bool fetches_more(FileRole role);

// "the iPXE program", "a configuration", ...
std::string_view to_string(FileRole role);

// The architecture (option 93) that a file is made for by its name: "grubaa64.efi" is 11. nullopt
// when the name does not tell. 0 is any BIOS program.
std::optional<std::uint16_t> architecture_of_name(std::string_view name);
// The same for the machine type of a PE image (firmware::efi_machine_of).
std::optional<std::uint16_t> architecture_of_machine(std::uint16_t machine);
// The one that a client's programs are made for: UEFI of 64 bit calls itself 7, 9 or, by HTTP, 16.
std::uint16_t program_architecture(std::uint16_t architecture);

// The part behind the last slash or backslash, and the part up to it.
std::string_view base_name(std::string_view path);
std::string_view directory_of(std::string_view path);

}  // namespace pxeproof::trace
