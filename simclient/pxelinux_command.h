#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

// What pxelinux takes a file for when it runs it.
enum class PxelinuxImage {
  Kernel,  // Linux or a floppy image: the file and its initrds
  BootSector,
  NetworkBootProgram,
  Module,
  Config,
  LocalBoot,
};

// A command line that is ready to run: what it starts, and how.
struct PxelinuxCommand {
  PxelinuxImage image = PxelinuxImage::Kernel;
  std::string file;
  std::string arguments;
};

// Reads a command line. A first word like ".linux" or ".com32" forces the kind; otherwise the
// extension of the file decides.
PxelinuxCommand parse_pxelinux_command(std::string_view command_line);

// The kind that the extension of the first word gives; Kernel when it gives none.
PxelinuxImage pxelinux_image_by_extension(std::string_view command_line);

// The extensions that are tried, in order, for a word that is no label.
std::vector<std::string_view> pxelinux_implicit_extensions();

// The first word of a command line with an extension added.
std::string with_extension(std::string_view command_line, std::string_view extension);

// The longest command line that pxelinux runs, in octets.
constexpr std::size_t kPxelinuxCommandLimit = 2047;

// What the kernel is handed: "BOOT_IMAGE=vmlinuz root=/dev/sda".
std::string pxelinux_kernel_command_line(const PxelinuxCommand& command);

// The initrds of a kernel command line: those of the first "initrd=", in order.
std::vector<std::string> pxelinux_initrds(std::string_view kernel_command_line);

}  // namespace pxeproof::rom
