#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::rom {

// The libraries that a .c32 module (an ELF file for i386) needs, in the order in which pxelinux
// loads them: the last one named is loaded first. nullopt when pxelinux would refuse the file.
std::optional<std::vector<std::string>> module_libraries(ByteView module);

// The same for the modules of Debian's syslinux 6.04, by name; empty for a name not known.
std::vector<std::string> known_module_libraries(std::string_view name);

// What a module does once it runs, as far as it decides what is fetched. Other: it may do anything.
enum class ModuleKind {
  Menu,             // menu.c32
  GraphicalMenu,    // vesamenu.c32
  ConfigLoader,     // config.c32
  NbpChain,         // pxechn.c32
  LinuxLoader,      // linux.c32
  Multiboot,        // mboot.c32
  SystemChoice,     // whichsys.c32
  ProcessorChoice,  // ifcpu64.c32
  Printer,          // cat.c32
  Talker,           // pwd.c32: says something and ends
  Other,
};

// By what the module says on the screen, else by its name.
ModuleKind module_kind(std::string_view name, ByteView module);

// The name without its directories.
std::string_view base_name(std::string_view path);

}  // namespace pxeproof::rom
