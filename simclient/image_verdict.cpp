#include "simclient/image_verdict.h"

#include <algorithm>

namespace pxeproof::rom {

namespace {

using firmware::BootImage;
using firmware::Failure;

// A program that only a BIOS starts, and texts: no UEFI image, by their octets.
bool is_no_efi_image(BootImage image) {
  switch (image) {
    case BootImage::Pxelinux:
    case BootImage::Lpxelinux:
    case BootImage::Linux:
    case BootImage::Elf:
    case BootImage::Grub:
    case BootImage::Ipxe:
    case BootImage::IpxeScript:
      return true;
    case BootImage::Unknown:  // it gets the benefit
    case BootImage::SyslinuxEfi:
    case BootImage::Shim:
      return false;
  }
  return false;
}

}  // namespace

bool hangs_a_bios(BootImage image, std::optional<std::uint16_t> efi_machine) {
  return efi_machine && !firmware::is_kernel(image);
}

std::optional<Failure> refusal_of(const firmware::Profile& profile, std::uint16_t architecture,
                                  const ReceivedFile& file) {
  const BootImage image = file.image();
  const auto machine = file.efi_machine();
  if (file.size() == 0) return Failure::NotAnImage;
  const bool is_script = image == BootImage::IpxeScript;
  if (is_script && profile.runs_scripts) return std::nullopt;
  if (!profile.efi_machines.empty()) {
    if (!machine) {
      return is_no_efi_image(image) ? std::optional(Failure::NotAnImage) : std::nullopt;
    }
    const bool is_ours =
        std::ranges::find(profile.efi_machines, *machine) != profile.efi_machines.end();
    return is_ours ? std::nullopt : std::optional(Failure::OtherMachine);
  }
  const bool is_loaded_as_kernel = firmware::is_kernel(image) && profile.loads_kernels;
  if (is_loaded_as_kernel) return std::nullopt;
  if (file.size() > profile.largest_nbp.value_or(file.size())) return Failure::NotAnImage;
  if (!is_bios(architecture)) return std::nullopt;
  // What has no signature that it checks it jumps into, whatever it is.
  const bool hangs = is_script || machine || image == BootImage::Elf;
  return hangs ? std::optional(Failure::ImageHangs) : std::nullopt;
}

}  // namespace pxeproof::rom
