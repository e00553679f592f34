#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::firmware {

// What a network bootstrap program is, as far as its octets tell.
enum class BootImage {
  Unknown,
  Pxelinux,   // pxelinux.0
  Lpxelinux,  // lpxelinux.0, with its own network stack
  Linux,      // a kernel by the Linux boot protocol, as memtest86+ is one too
  Elf,
  Grub,         // core.0, core.efi, grubx64.efi
  Ipxe,         // undionly.kpxe, ipxe.efi, snponly.efi
  IpxeScript,   // #!ipxe, which an iPXE ROM runs as it is
  SyslinuxEfi,  // syslinux.efi
  Shim,         // shimx64.efi, which starts GRUB
};
std::string_view to_string(BootImage image);

// True for images that a firmware loads as kernels and not as NBPs, wherever it can.
constexpr bool is_kernel(BootImage image) {
  return image == BootImage::Linux || image == BootImage::Elf;
}

// What a whole image is; also tells those whose signature only their structure shows.
BootImage recognise_image(ByteView image);

// The machine that a PE header names, which is what a UEFI firmware goes by; nullopt without one.
std::optional<std::uint16_t> efi_machine_of(ByteView image);

// Recognises a boot image while its octets pass by, without keeping them.
class BootImageRecogniser {
 public:
  // Octets of the image at an offset. They may come in any order; a signature that is cut in two is
  // seen when its halves come one after the other, a header when it comes in one piece.
  void on_octets(std::uint64_t offset, ByteView octets);

  BootImage image() const { return image_; }

  // The machine a PE header names, when there is one in the first octets seen: what a UEFI firmware
  // goes by.
  std::optional<std::uint16_t> efi_machine() const { return efi_machine_; }

 private:
  BootImage image_ = BootImage::Unknown;
  std::optional<std::uint16_t> efi_machine_;
  std::uint64_t next_offset_ = 0;
  Bytes tail_;  // the last octets seen, as many as the longest signature has
};

}  // namespace pxeproof::firmware
