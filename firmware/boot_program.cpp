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

constexpr int kPxelinux = 60;
constexpr int kPlain = 10;

std::uint32_t little_endian(ByteView octets, std::size_t offset, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8U | octets[offset + i];
  return value;
}

// The machine of a PE image that is an EFI application.
std::optional<std::uint16_t> efi_machine(ByteView head) {
  constexpr std::size_t kPeOffset = 0x3c;
  constexpr std::size_t kOptionalHeader = 24;  // behind "PE\0\0" and the COFF header
  constexpr std::size_t kSubsystem = kOptionalHeader + 68;
  constexpr std::uint32_t kEfiApplication = 10;
  // Kernels with an EFI stub are PE images too (Linux, Documentation/arch/arm64/booting.rst and
  // riscv/boot-image-header.rst).
  constexpr std::size_t kKernelMagic = 0x38;
  if (head.size() >= kKernelMagic + 4) {
    const ByteView magic = head.subspan(kKernelMagic, 4);
    if (equal(magic, as_bytes("ARM\x64")) || equal(magic, as_bytes("RSC\x05"))) return std::nullopt;
  }
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

}  // namespace

std::optional<BootProgram> read_boot_program(std::string_view path, ByteView head) {
  const std::string name = lower_case(path.substr(path.rfind('/') + 1));
  BootImageRecogniser recogniser;
  recogniser.on_octets(0, head);
  switch (recogniser.image()) {
    case BootImage::Pxelinux:
      return BootProgram{{0}, "pxelinux", kPxelinux};
    case BootImage::Lpxelinux:
      return BootProgram{{0}, "lpxelinux", kPxelinux - 1};
    case BootImage::Linux:  // a kernel, also one with an EFI stub
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
  if (const auto machine = efi_machine(head)) {
    const auto row = std::ranges::find(kMachines, *machine, &Machine::machine);
    const bool comes_later = std::ranges::any_of(kLaterNames, [&name](std::string_view part) {
      return name.find(part) != std::string::npos;
    });
    if (row == kMachines.end() || comes_later) return std::nullopt;
    BootProgram program{
        {row->architectures[0]}, row->kind, rank_of(name, kEfiNames).value_or(kPlain)};
    if (row->architectures[1] != row->architectures[0]) {
      program.architectures.push_back(row->architectures[1]);
    }
    return program;
  }
  const bool has_bios_name = name.ends_with(".kpxe") || name.ends_with(".kkpxe") ||
                             name.ends_with(".pxe") || name.ends_with(".0");
  if (!has_bios_name || head.empty()) return std::nullopt;
  return BootProgram{{0}, "BIOS program", rank_of(name, kBiosNames).value_or(kPlain)};
}

}  // namespace pxeproof::firmware
