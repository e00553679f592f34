#include "trace/boot_files.h"

#include <algorithm>
#include <array>

#include "protocol/letter_case.h"

namespace pxeproof::trace {

namespace {

enum class Where { Begin, End, Anywhere, Whole, PathAnywhere, PathEnd };

// How a role shows in a name; the first row that fits decides. Names are compared in lower case.
struct Sign {
  Where where;
  std::string_view text;
  FileRole role;
};

constexpr std::array kSigns = {
    Sign{Where::PathAnywhere, "pxelinux.cfg/", FileRole::Config},
    Sign{Where::Begin, "grub.cfg", FileRole::Config},
    Sign{Where::Whole, "autoexec.ipxe", FileRole::Optional},
    Sign{Where::Whole, "revocations.efi", FileRole::Optional},
    Sign{Where::Begin, "revocations", FileRole::Optional},
    Sign{Where::Whole, "shim_certificate.efi", FileRole::Optional},
    Sign{Where::Whole, "recovery.elf", FileRole::Optional},
    Sign{Where::Whole, "dt-blob.bin", FileRole::Optional},
    // U-Boot goes on with the device tree it has.
    Sign{Where::End, ".dtb", FileRole::Optional},
    Sign{Where::PathEnd, "dtb/", FileRole::Optional},
    // Loaders draw their menu without these.
    Sign{Where::End, ".png", FileRole::Optional},
    Sign{Where::End, ".jpg", FileRole::Optional},
    Sign{Where::End, ".jpeg", FileRole::Optional},
    Sign{Where::End, ".bmp", FileRole::Optional},
    Sign{Where::End, ".tga", FileRole::Optional},
    Sign{Where::End, ".lss", FileRole::Optional},
    Sign{Where::End, ".pf2", FileRole::Optional},
    Sign{Where::End, ".psf", FileRole::Optional},
    Sign{Where::Whole, "bootsig.bin", FileRole::Optional},
    Sign{Where::Whole, "recover4.elf", FileRole::Optional},
    Sign{Where::Whole, "bootcfg.txt", FileRole::Optional},
    Sign{Where::Whole, "tryboot.txt", FileRole::Optional},
    Sign{Where::Begin, "armstub", FileRole::Optional},
    Sign{Where::Whole, "pieeprom.sig", FileRole::Optional},
    Sign{Where::Whole, "vl805.sig", FileRole::Optional},
    Sign{Where::Whole, "pxelinux.0", FileRole::Pxelinux},
    Sign{Where::Whole, "lpxelinux.0", FileRole::Pxelinux},
    Sign{Where::Whole, "gpxelinux.0", FileRole::Pxelinux},
    Sign{Where::Begin, "syslinux", FileRole::SyslinuxEfi},
    Sign{Where::Begin, "wdsnbp", FileRole::WindowsLoader},
    Sign{Where::Begin, "wdsmgfw", FileRole::WindowsLoader},
    Sign{Where::Begin, "bootmgfw", FileRole::WindowsLoader},
    Sign{Where::Begin, "bootmgr", FileRole::WindowsLoader},
    Sign{Where::Begin, "pxeboot.n12", FileRole::WindowsLoader},
    Sign{Where::Begin, "pxeboot.com", FileRole::WindowsLoader},
    Sign{Where::Whole, "bcd", FileRole::Config},
    Sign{Where::Whole, "bootcode.bin", FileRole::RaspberryPi},
    Sign{Where::Begin, "start", FileRole::RaspberryPi},
    Sign{Where::Whole, "config.txt", FileRole::RaspberryPi},
    Sign{Where::Whole, "cmdline.txt", FileRole::RaspberryPi},
    Sign{Where::Begin, "shim", FileRole::Shim},
    Sign{Where::End, ".ipxe", FileRole::Config},
    Sign{Where::End, ".kpxe", FileRole::Ipxe},
    Sign{Where::End, ".kkpxe", FileRole::Ipxe},
    Sign{Where::Begin, "ipxe", FileRole::Ipxe},
    Sign{Where::Begin, "snponly", FileRole::Ipxe},
    Sign{Where::Begin, "snp.efi", FileRole::Ipxe},
    Sign{Where::Begin, "undionly", FileRole::Ipxe},
    Sign{Where::Begin, "netboot.xyz", FileRole::Ipxe},
    Sign{Where::Begin, "grub", FileRole::Grub},
    Sign{Where::Begin, "core.0", FileRole::Grub},
    Sign{Where::Begin, "core.efi", FileRole::Grub},
    Sign{Where::End, ".c32", FileRole::Module},
    Sign{Where::End, ".e64", FileRole::Module},
    Sign{Where::End, ".e32", FileRole::Module},
    Sign{Where::End, ".mod", FileRole::Module},
    Sign{Where::End, ".lst", FileRole::Module},
    Sign{Where::End, ".cfg", FileRole::Config},
    Sign{Where::End, ".conf", FileRole::Config},
    Sign{Where::End, ".php", FileRole::Config},
    Sign{Where::Begin, "boot.scr", FileRole::Config},
    Sign{Where::Anywhere, "initrd", FileRole::Initrd},
    Sign{Where::Anywhere, "initramfs", FileRole::Initrd},
    Sign{Where::Begin, "vmlinu", FileRole::Kernel},
    Sign{Where::Begin, "bzimage", FileRole::Kernel},
    Sign{Where::Whole, "linux", FileRole::Kernel},
    Sign{Where::Begin, "kernel", FileRole::Kernel},
    // As arm and RISC-V name theirs.
    Sign{Where::Whole, "image", FileRole::Kernel},
    Sign{Where::Whole, "image.gz", FileRole::Kernel},
    Sign{Where::Begin, "zimage", FileRole::Kernel},
    Sign{Where::Begin, "uimage", FileRole::Kernel},
    Sign{Where::Begin, "memtest", FileRole::Kernel},
};

bool fits(const Sign& sign, std::string_view path, std::string_view name) {
  switch (sign.where) {
    case Where::Begin:
      return name.starts_with(sign.text);
    case Where::End:
      return name.ends_with(sign.text);
    case Where::Anywhere:
      return name.find(sign.text) != std::string_view::npos;
    case Where::Whole:
      return name == sign.text;
    case Where::PathEnd:
      return path.ends_with(sign.text);
    case Where::PathAnywhere:
      return path.find(sign.text) != std::string_view::npos;
  }
  return false;
}

}  // namespace

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

namespace {

// What tells a file's role by its name; nullptr when nothing does.
const Sign* sign_of(std::string_view name) {
  std::string path = lower_case(name);
  std::ranges::replace(path, '\\', '/');
  const std::string_view base = base_name(path);
  const auto found =
      std::ranges::find_if(kSigns, [&](const Sign& sign) { return fits(sign, path, base); });
  return found == kSigns.end() ? nullptr : &*found;
}

}  // namespace

FileRole role_of(std::string_view name) {
  const Sign* sign = sign_of(name);
  return sign == nullptr ? FileRole::Other : sign->role;
}

FileRole role_of_target(std::string_view target) {
  return role_of(target.substr(0, target.find('?')));
}

bool is_payload(FileRole role) { return role == FileRole::Kernel || role == FileRole::Initrd; }

// These are the files that may be missing and that their ending tells.
bool is_accessory(std::string_view name) {
  const Sign* sign = sign_of(name.substr(0, name.find('?')));
  return sign != nullptr && sign->where == Where::End && sign->role == FileRole::Optional;
}

bool fetches_more(FileRole role) {
  switch (role) {
    case FileRole::Pxelinux:
    case FileRole::SyslinuxEfi:
    case FileRole::Ipxe:
    case FileRole::Grub:
    case FileRole::Shim:
    case FileRole::WindowsLoader:
    case FileRole::RaspberryPi:
      return true;
    case FileRole::Module:
    case FileRole::Config:
    case FileRole::Optional:
    case FileRole::Kernel:
    case FileRole::Initrd:
    case FileRole::Other:
      return false;
  }
  return false;
}

std::optional<std::uint16_t> architecture_of_machine(std::uint16_t machine) {
  switch (machine) {
    case 0x014c:
      return 6;
    case 0x8664:
      return 7;
    case 0x01c0:
    case 0x01c2:
    case 0x01c4:
      return 10;
    case 0xaa64:
      return 11;
    case 0x5064:
      return 27;
    case 0x6264:
      return 39;
    default:
      return std::nullopt;
  }
}

std::uint16_t program_architecture(std::uint16_t architecture) {
  switch (architecture) {
    case 9:
    case 16:
      return 7;
    case 15:
      return 6;
    case 18:
    case 21:
      return 10;
    case 19:
    case 22:
      return 11;
    case 20:
      return 0;
    case 28:
      return 27;
    case 40:
      return 39;
    default:
      return architecture;
  }
}

std::optional<std::uint16_t> architecture_of_name(std::string_view name) {
  const std::string path = lower_case(name);
  const std::string_view base = base_name(path);
  if (base.ends_with(".0") || base.ends_with(".kpxe") || base.ends_with(".kkpxe") ||
      base.ends_with(".pxe") || base.ends_with(".lkrn") || base == "wdsnbp.com" ||
      base == "pxeboot.n12" || base == "pxeboot.com") {
    return 0;
  }
  if (!base.ends_with(".efi")) return std::nullopt;
  const auto holds = [base](std::string_view part) {
    return base.find(part) != std::string_view::npos;
  };
  if (holds("aa64") || holds("arm64")) return 11;
  if (holds("ia32") || holds("i386") || holds("x86.efi")) return 6;
  if (holds("x64") || holds("x86_64") || holds("amd64")) return 7;
  if (holds("riscv64")) return 27;
  if (holds("loongarch64") || holds("loong64")) return 39;
  return std::nullopt;
}

std::string_view to_string(FileRole role) {
  switch (role) {
    case FileRole::Pxelinux:
      return "pxelinux";
    case FileRole::SyslinuxEfi:
      return "syslinux.efi";
    case FileRole::Ipxe:
      return "iPXE";
    case FileRole::Grub:
      return "GRUB";
    case FileRole::Shim:
      return "shim";
    case FileRole::WindowsLoader:
      return "a Windows loader";
    case FileRole::RaspberryPi:
      return "Raspberry Pi firmware";
    case FileRole::Module:
      return "a part of the loader";
    case FileRole::Config:
      return "a configuration";
    case FileRole::Optional:
      return "an optional file";
    case FileRole::Kernel:
      return "a kernel";
    case FileRole::Initrd:
      return "an initial RAM disk";
    case FileRole::Other:
      return "a file";
  }
  return {};
}

}  // namespace pxeproof::trace
