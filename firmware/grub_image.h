#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::firmware {

// What is built into a GRUB image (core.0, core.efi, grubx64.efi).
struct GrubImage {
  std::string platform = "i386-pc";  // the directory of its modules: "x86_64-efi"
  std::string prefix;                // "/boot/grub", "(tftp)/grub"; empty: none
  std::vector<std::string> modules;
  std::optional<std::string> config;          // run before normal mode: "normal (memdisk)/grub.cfg"
  std::optional<std::string> memdisk_config;  // (memdisk)/grub.cfg
};

// Reads an image; nullopt when it is none of GRUB's, or packed in a way not known.
std::optional<GrubImage> read_grub_image(ByteView image);

}  // namespace pxeproof::firmware
