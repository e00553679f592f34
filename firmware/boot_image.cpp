#include "firmware/boot_image.h"

#include <algorithm>
#include <array>
#include <string>

#include "firmware/grub_image.h"

namespace pxeproof::firmware {

namespace {

// The banner each program prints; it stands uncompressed in the image.
struct Signature {
  std::string_view before;  // in front of the version
  std::string_view after;   // behind the version, on the same line
  BootImage image;
};

// Debian's pxelinux.0: "PXELINUX 6.04 PXE 20200816"; lpxelinux.0: "PXELINUX 6.04 lwIP 20200816".
constexpr std::array kSignatures{
    Signature{"PXELINUX ", " lwIP ", BootImage::Lpxelinux},
    Signature{"PXELINUX ", " PXE ", BootImage::Pxelinux},
};

// Texts that stand in an image of one program only: shim's .sbat section, iPXE's usage line for
// its settings, syslinux.efi's HTTP client.
struct Mark {
  std::string_view text;
  BootImage image;
};
constexpr std::array kMarks{
    Mark{"UEFI shim,shim,1,", BootImage::Shim},
    Mark{"UEFI SHIM\n", BootImage::Shim},
    Mark{"http://ipxe.org/cmd/%s", BootImage::Ipxe},
    Mark{"User-Agent: Syslinux/", BootImage::SyslinuxEfi},
};
// The header of a compressed iPXE image (arch/x86/prefix): its UNDI loader header.
constexpr std::string_view kIpxePrefix("\xea\x05\x00\xc0\x07\x66\x9c\x66\x60", 9);
constexpr std::size_t kLongestVersion = 24;
constexpr std::size_t kLongestSignature = 9 + kLongestVersion + 6;

// What the head of an image tells.
BootImage by_head(ByteView head) {
  constexpr std::size_t kLinuxHeader = 0x202;  // "HdrS": the Linux x86 boot protocol
  const auto has = [&](std::size_t offset, std::string_view magic) {
    return head.size() >= offset + magic.size() &&
           equal(head.subspan(offset, magic.size()), as_bytes(magic));
  };
  if (has(0,
          "\x7f"
          "ELF"))
    return BootImage::Elf;
  if (has(kLinuxHeader, "HdrS")) return BootImage::Linux;
  if (has(0, "#!ipxe") || has(0, "#!gpxe")) return BootImage::IpxeScript;
  if (has(0, kIpxePrefix)) return BootImage::Ipxe;
  return BootImage::Unknown;
}

bool stands_in(std::string_view text, const Signature& signature) {
  for (std::size_t at = text.find(signature.before); at != std::string_view::npos;
       at = text.find(signature.before, at + 1)) {
    const std::string_view behind =
        text.substr(at + signature.before.size(), kLongestVersion + signature.after.size());
    if (behind.substr(0, behind.find('\0')).find(signature.after) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

BootImage by_banner(ByteView octets) {
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  for (const Signature& signature : kSignatures) {
    if (stands_in(text, signature)) return signature.image;
  }
  return BootImage::Unknown;
}

}  // namespace

std::string_view to_string(BootImage image) {
  switch (image) {
    case BootImage::Unknown:
      return "unknown";
    case BootImage::Pxelinux:
      return "pxelinux";
    case BootImage::Lpxelinux:
      return "lpxelinux";
    case BootImage::Linux:
      return "Linux kernel";
    case BootImage::Elf:
      return "ELF image";
    case BootImage::Grub:
      return "GRUB";
    case BootImage::Ipxe:
      return "iPXE";
    case BootImage::IpxeScript:
      return "iPXE script";
    case BootImage::SyslinuxEfi:
      return "syslinux.efi";
    case BootImage::Shim:
      return "shim";
  }
  return {};
}

BootImage recognise_image(ByteView image) {
  if (const BootImage head = by_head(image); head != BootImage::Unknown) return head;
  const std::string text = as_text(image);
  for (const Signature& signature : kSignatures) {
    if (stands_in(text, signature)) return signature.image;
  }
  for (const Mark& mark : kMarks) {
    if (text.find(mark.text) != std::string::npos) return mark.image;
  }
  return read_grub_image(image) ? BootImage::Grub : BootImage::Unknown;
}

// PE/COFF: "MZ", at 0x3c where the "PE" signature stands, and behind it the machine.
std::optional<std::uint16_t> efi_machine_of(ByteView octets) {
  const auto little = [octets](std::size_t at) {
    return static_cast<std::uint32_t>(octets[at] | octets[at + 1] << 8U);
  };
  constexpr std::size_t kPointer = 0x3c;
  if (octets.size() < kPointer + 4 || octets[0] != 'M' || octets[1] != 'Z') return std::nullopt;
  const std::size_t at = little(kPointer) | std::size_t{little(kPointer + 2)} << 16U;
  if (at + 6 > octets.size() || octets[at] != 'P' || octets[at + 1] != 'E') return std::nullopt;
  return static_cast<std::uint16_t>(little(at + 4));
}

void BootImageRecogniser::on_octets(std::uint64_t offset, ByteView octets) {
  if (offset == 0) efi_machine_ = efi_machine_of(octets);
  if (image_ != BootImage::Unknown) return;
  if (offset == 0) image_ = by_head(octets);
  if (image_ != BootImage::Unknown) return;
  if (offset != next_offset_) tail_.clear();
  next_offset_ = offset + octets.size();
  // A banner that is cut in two lies between the last octets of before and the first of these.
  const ByteView first = octets.first(std::min(octets.size(), kLongestSignature));
  tail_.insert(tail_.end(), first.begin(), first.end());
  image_ = by_banner(tail_);
  if (image_ == BootImage::Unknown) image_ = by_banner(octets);
  if (image_ != BootImage::Unknown) {
    tail_ = {};
    return;
  }
  if (octets.size() >= kLongestSignature) {
    const ByteView last = octets.last(kLongestSignature);
    tail_.assign(last.begin(), last.end());
  } else if (tail_.size() > kLongestSignature) {
    tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(kLongestSignature));
  }
}

}  // namespace pxeproof::firmware
