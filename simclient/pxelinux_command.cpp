#include "simclient/pxelinux_command.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "simclient/pxelinux_text.h"

namespace pxeproof::rom {
namespace {

struct Extension {
  std::string_view text;
  PxelinuxImage image;
};

constexpr std::array<Extension, 6> kExtensions = {{
    {".c32", PxelinuxImage::Module},
    {".img", PxelinuxImage::Kernel},
    {".bss", PxelinuxImage::BootSector},
    {".bin", PxelinuxImage::BootSector},
    {".bs", PxelinuxImage::BootSector},
    {".0", PxelinuxImage::NetworkBootProgram},
}};

// ".none" and ".comboot" are no longer known: they are file names.
constexpr std::array<Extension, 9> kSpecifiers = {{
    {".localboot", PxelinuxImage::LocalBoot},
    {".kernel", PxelinuxImage::Kernel},
    {".linux", PxelinuxImage::Kernel},
    {".boot", PxelinuxImage::BootSector},
    {".bss", PxelinuxImage::BootSector},
    {".pxe", PxelinuxImage::NetworkBootProgram},
    {".fdimage", PxelinuxImage::Kernel},
    {".com32", PxelinuxImage::Module},
    {".config", PxelinuxImage::Config},
}};

}  // namespace

PxelinuxImage pxelinux_image_by_extension(std::string_view command_line) {
  const std::string_view file = first_word(command_line);
  for (const Extension& extension : kExtensions) {
    if (file.ends_with(extension.text)) return extension.image;
  }
  return PxelinuxImage::Kernel;
}

PxelinuxCommand parse_pxelinux_command(std::string_view command_line) {
  std::optional<PxelinuxImage> forced;
  std::string line(command_line);
  for (bool again = true; again;) {
    again = false;
    for (const Extension& specifier : kSpecifiers) {
      if (first_word(line) != specifier.text) continue;
      forced = specifier.image;
      line = after_first_word(line);
      if (forced == PxelinuxImage::Module) line = with_extension(line, ".c32");
      again = true;
      break;
    }
  }
  return {.image = forced.value_or(pxelinux_image_by_extension(line)),
          .file = std::string(first_word(line)),
          .arguments = std::string(after_first_word(line))};
}

std::vector<std::string_view> pxelinux_implicit_extensions() {
  std::vector<std::string_view> texts;
  for (const Extension& extension : kExtensions) texts.push_back(extension.text);
  return texts;
}

std::string with_extension(std::string_view command_line, std::string_view extension) {
  const std::string_view file = first_word(command_line);
  if (file.ends_with(extension)) return std::string(command_line);
  return fmt::format("{}{}{}", file, extension, command_line.substr(file.size()));
}

std::string pxelinux_kernel_command_line(const PxelinuxCommand& command) {
  return fmt::format("BOOT_IMAGE={} {}", command.file, command.arguments);
}

std::vector<std::string> pxelinux_initrds(std::string_view kernel_command_line) {
  constexpr std::string_view kOption = "initrd=";
  std::vector<std::string> names;
  const std::size_t option = kernel_command_line.find(kOption);
  if (option == std::string_view::npos) return names;
  std::size_t at = option + kOption.size();
  while (true) {
    const std::size_t end = kernel_command_line.find_first_of(" ,", at);
    names.emplace_back(kernel_command_line.substr(at, end - at));
    if (end == std::string_view::npos || kernel_command_line[end] == ' ') return names;
    at = end + 1;
  }
}

}  // namespace pxeproof::rom
