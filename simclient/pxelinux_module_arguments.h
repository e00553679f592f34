#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

// How the modules that start something read their command lines.

// pxechn.c32: another network boot program, and what it is told.
struct ChainArguments {
  std::string program{};                     // "sub/pxelinux.0", "10.0.0.1::sub/pxelinux.0"
  std::optional<std::string> config_file{};  // -c: becomes option 209
  std::optional<std::string> path_prefix{};  // -p: becomes option 210
};
ChainArguments parse_chain_arguments(std::string_view arguments);

// linux.c32: the kernel and the initrds of the last "initrd=", in the order of loading.
std::vector<std::string> linux_loader_files(std::string_view arguments);

// mboot.c32: the image and its modules, each the first word between two "---".
std::vector<std::string> multiboot_files(std::string_view arguments);

// whichsys.c32: the command after "-pxe-"; nullopt when there is none.
std::optional<std::string> system_choice(std::string_view arguments);

// ifcpu64.c32 on a 64-bit processor: the command before the first "--".
std::string processor_choice(std::string_view arguments);

// The arguments, one by one.
std::vector<std::string> words_of(std::string_view arguments);

}  // namespace pxeproof::rom
