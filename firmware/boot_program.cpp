#include "firmware/boot_program.h"

#include <algorithm>
#include <array>

#include "firmware/boot_image.h"
#include "protocol/letter_case.h"

namespace pxeproof::firmware {

namespace {

// PE/COFF machine types (Microsoft PE format) and the numbers of RFC 4578 and IANA's registry.
struct Machine {
  std::uint16_t machine;
  std::array<std::uint16_t, 2> architectures;  // the second is the first again where there is one
  std::string_view kind;
};
constexpr std::array kMachines{
    Machine{0x014c, {6, 6}, "EFI program for IA32"},
    Machine{0x8664, {7, 9}, "EFI program for x64"},  // firmware says 7 or 9 (facts 1.3, D22)
    Machine{0x01c2, {10, 10}, "EFI program for ARM"},
    Machine{0x01c4, {10, 10}, "EFI program for ARM"},
    Machine{0xaa64, {11, 11}, "EFI program for ARM64"},
    Machine{0x5032, {25, 25}, "EFI program for RISC-V 32"},
    Machine{0x5064, {27, 27}, "EFI program for RISC-V 64"},
    Machine{0x6264, {39, 39}, "EFI program for LoongArch 64"},
};

// Which of several programs for one machine is meant to come first: a first stage before what it
// loads. Debian's netboot tree calls its shim bootnetx64.efi.
struct NameRank {
  std::string_view part;
  int rank;
};
constexpr std::array kEfiNames{
    NameRank{"shim", 60},     NameRank{"bootnet", 58},  NameRank{"bootx64", 55},
    NameRank{"bootaa64", 55}, NameRank{"bootia32", 55}, NameRank{"grubnet", 50},
    NameRank{"grub", 45},     NameRank{"snponly", 40},  NameRank{"ipxe", 35},
    NameRank{"syslinux", 30},
};
constexpr std::array kBiosNames{
    NameRank{"undionly.kpxe", 40}, NameRank{".kkpxe", 35}, NameRank{".kpxe", 35},
    NameRank{"grub", 30},          NameRank{".pxe", 25},   NameRank{".0", 20},
};
// Loaded by another program and not by the firmware.
constexpr std::array<std::string_view, 3> kLaterNames{"mmx64", "mmaa64", "fbx64"};
// As kernels are called, which a firmware would start without their initrd and command line.
constexpr std::array<std::string_view, 5> kKernelNames{"vmlinu", "bzimage", "zimage", "kernel",
                                                       "linux"};

constexpr int kPxelinux = 60;
constexpr int kPlain = 10;
constexpr int kKernelAsProgram = 1;  // the EFI stub of what is a kernel, too, such as memtest86+

std::uint32_t little_endian(ByteView octets, std::size_t offset, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8U | octets[offset + i];
  return value;
}

// Kernels with an EFI stub are PE images too (Linux, Documentation/arch/arm64/booting.rst and
// riscv/boot-image-header.rst).
bool is_foreign_kernel(ByteView head) {
  constexpr std::size_t kKernelMagic = 0x38;
  if (head.size() < kKernelMagic + 4) return false;
  const ByteView magic = head.subspan(kKernelMagic, 4);
  return equal(magic, as_bytes("ARM\x64")) || equal(magic, as_bytes("RSC\x05"));
}

// The machine of a PE image that is an EFI application.
std::optional<std::uint16_t> efi_machine(ByteView head) {
  constexpr std::size_t kPeOffset = 0x3c;
  constexpr std::size_t kOptionalHeader = 24;  // behind "PE\0\0" and the COFF header
  constexpr std::size_t kSubsystem = kOptionalHeader + 68;
  constexpr std::uint32_t kEfiApplication = 10;
  if (is_foreign_kernel(head)) return std::nullopt;
  const auto machine = efi_machine_of(head);
  if (!machine) return std::nullopt;
  const std::size_t at = little_endian(head, kPeOffset, 4);
  if (at > head.size() || head.size() - at < kSubsystem + 2) return std::nullopt;
  if (little_endian(head, at + kSubsystem, 2) != kEfiApplication) return std::nullopt;
  return machine;
}

template <std::size_t Count>
std::optional<int> rank_of(const std::string& name, const std::array<NameRank, Count>& ranks) {
  const auto found = std::ranges::find_if(
      ranks, [&name](const NameRank& each) { return name.find(each.part) != std::string::npos; });
  return found == ranks.end() ? std::nullopt : std::optional(found->rank);
}

bool is_second_stage(std::string_view name) {
  return std::ranges::any_of(kLaterNames, [name](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

std::optional<BootProgram> efi_program(const std::string& name, ByteView head, int preference) {
  const auto machine = efi_machine(head);
  if (!machine || is_second_stage(name)) return std::nullopt;
  const auto row = std::ranges::find(kMachines, *machine, &Machine::machine);
  if (row == kMachines.end()) return std::nullopt;
  BootProgram program{{row->architectures[0]}, row->kind, preference};
  if (row->architectures[1] != row->architectures[0]) {
    program.architectures.push_back(row->architectures[1]);
  }
  return program;
}

// A kernel that is called an EFI program is meant to be one: memtest86+x64.efi has the headers of
// both.
bool is_called_efi_program(std::string_view name) {
  return name.ends_with(".efi") &&
         std::ranges::none_of(kKernelNames,
                              [name](std::string_view begin) { return name.starts_with(begin); });
}

BootImage image_of(ByteView head) {
  BootImageRecogniser recogniser;
  recogniser.on_octets(0, head);
  return recogniser.image();
}

std::string last_part(std::string_view path) {
  return lower_case(path.substr(path.rfind('/') + 1));
}

}  // namespace

std::optional<BootProgram> read_boot_program(std::string_view path, ByteView head) {
  const std::string name = last_part(path);
  switch (image_of(head)) {
    case BootImage::Pxelinux:
      return BootProgram{{0}, "pxelinux", kPxelinux};
    case BootImage::Lpxelinux:
      return BootProgram{{0}, "lpxelinux", kPxelinux - 1};
    case BootImage::Linux:
      if (!is_called_efi_program(name)) return std::nullopt;
      return efi_program(name, head, kKernelAsProgram);
    case BootImage::Elf:
      return std::nullopt;
    case BootImage::IpxeScript:
      return std::nullopt;
    case BootImage::Grub:
    case BootImage::Ipxe:
    case BootImage::SyslinuxEfi:
    case BootImage::Shim:
    case BootImage::Unknown:
      break;  // for which machine, the headers and the name tell
  }
  if (efi_machine(head)) {
    return efi_program(name, head, rank_of(name, kEfiNames).value_or(kPlain));
  }
  const bool has_bios_name = name.ends_with(".kpxe") || name.ends_with(".kkpxe") ||
                             name.ends_with(".pxe") || name.ends_with(".0");
  if (!has_bios_name || head.empty()) return std::nullopt;
  return BootProgram{{0}, "BIOS program", rank_of(name, kBiosNames).value_or(kPlain)};
}

std::string_view describe_other_file(std::string_view path, ByteView head) {
  if (head.empty()) return "empty, or unreadable";
  if (is_foreign_kernel(head)) return "a Linux kernel, which a loader has to start";
  switch (image_of(head)) {
    case BootImage::Linux:
      return "a Linux kernel, which a loader has to start";
    case BootImage::Elf:
      return "an ELF program, which a loader has to start";
    case BootImage::IpxeScript:
      return "a script for iPXE, which has to be started first";
    default:
      break;
  }
  if (!efi_machine_of(head)) return "neither a PXE nor an EFI program";
  const auto machine = efi_machine(head);
  if (!machine) return "an EFI driver or a Windows program, which no firmware starts";
  return is_second_stage(last_part(path)) ? "an EFI program that shim starts"
                                          : "an EFI program for a machine without a PXE number";
}

}  // namespace pxeproof::firmware
