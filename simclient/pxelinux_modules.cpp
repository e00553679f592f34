#include "simclient/pxelinux_modules.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace pxeproof::rom {
namespace {

// ELF, 32 bit, little endian (System V ABI, i386 supplement):
//
//   file header     0 magic  4 class  5 data  16 type  18 machine  28 phoff  42 phentsize  44 phnum
//   program header  0 type   4 offset 8 vaddr 16 filesz
//   dynamic entry   0 tag    4 value
constexpr std::array<std::uint8_t, 7> kIdentification = {0x7f, 'E', 'L', 'F', 1, 1, 1};
constexpr std::uint16_t kSharedObject = 3;
constexpr std::uint16_t kMachine386 = 3;
constexpr std::uint32_t kSegmentLoad = 1;
constexpr std::uint32_t kSegmentDynamic = 2;
constexpr std::uint32_t kTagNull = 0;
constexpr std::uint32_t kTagNeeded = 1;
constexpr std::uint32_t kTagStrings = 5;
constexpr std::size_t kDynamicEntrySize = 8;
constexpr std::size_t kMostLibraries = 64;  // as many as pxelinux takes

std::optional<std::uint32_t> little(ByteView octets, std::size_t offset, std::size_t size) {
  if (offset > octets.size() || octets.size() - offset < size) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t at = size; at > 0; --at) value = value << 8U | octets[offset + at - 1];
  return value;
}

struct Segment {
  std::uint32_t type;
  std::uint32_t offset;
  std::uint32_t address;
  std::uint32_t size;
};

std::optional<std::vector<Segment>> segments_of(ByteView module) {
  if (module.size() < kIdentification.size() ||
      !std::equal(kIdentification.begin(), kIdentification.end(), module.begin())) {
    return std::nullopt;
  }
  const auto type = little(module, 16, 2);
  const auto machine = little(module, 18, 2);
  const auto table = little(module, 28, 4);
  const auto entry_size = little(module, 42, 2);
  const auto count = little(module, 44, 2);
  if (!count || *type != kSharedObject || *machine != kMachine386 || *table == 0) {
    return std::nullopt;
  }
  std::vector<Segment> segments;
  for (std::size_t index = 0; index < *count; ++index) {
    const std::size_t at = *table + index * *entry_size;
    const auto size = little(module, at + 16, 4);
    if (!size) return std::nullopt;
    segments.push_back({.type = *little(module, at, 4),
                        .offset = *little(module, at + 4, 4),
                        .address = *little(module, at + 8, 4),
                        .size = *size});
  }
  return segments;
}

std::optional<std::size_t> file_offset(const std::vector<Segment>& segments,
                                       std::uint32_t address) {
  for (const Segment& segment : segments) {
    const bool inside = segment.type == kSegmentLoad && address >= segment.address &&
                        address - segment.address < segment.size;
    if (inside) return std::size_t{segment.offset} + (address - segment.address);
  }
  return std::nullopt;
}

struct KnownModule {
  std::string_view name;
  std::array<std::string_view, 4> libraries;  // in the order of loading
};

// Debian syslinux-common 3:6.04~git20190206.bf6db5b4+dfsg1-3, modules/bios, DT_NEEDED reversed.
constexpr std::string_view kCom32 = "libcom32.c32";
constexpr std::string_view kUtil = "libutil.c32";
constexpr std::string_view kGpl = "libgpl.c32";
constexpr std::string_view kMenu = "libmenu.c32";
constexpr KnownModule kKnownModules[] = {
    {"chain.c32", {kCom32, kUtil}},
    {"cmd.c32", {kCom32}},
    {"cmenu.c32", {kMenu}},
    {"config.c32", {kCom32}},
    {"cptime.c32", {kUtil}},
    {"cpu.c32", {kGpl}},
    {"cpuidtest.c32", {kGpl}},
    {"dhcp.c32", {kCom32}},
    {"disk.c32", {kGpl}},
    {"dmi.c32", {kGpl}},
    {"dmitest.c32", {kGpl}},
    {"elf.c32", {kCom32}},
    {"ethersel.c32", {kCom32}},
    {"gfxboot.c32", {kCom32}},
    {"gpxecmd.c32", {kCom32}},
    {"hdt.c32", {kMenu, kCom32, kGpl, kUtil}},
    {"hexdump.c32", {kCom32}},
    {"ifcpu.c32", {kCom32, kGpl, kUtil}},
    {"ifcpu64.c32", {kCom32}},
    {"ifmemdsk.c32", {kCom32}},
    {"ifplop.c32", {kCom32}},
    {"kbdmap.c32", {kCom32}},
    {"kontron_wdt.c32", {kCom32}},
    {"libmenu.c32", {kCom32, kUtil}},
    {"linux.c32", {kCom32}},
    {"lua.c32", {kCom32, "liblua.c32"}},
    {"mboot.c32", {kCom32}},
    {"menu.c32", {kUtil}},
    {"pci.c32", {kCom32}},
    {"pcitest.c32", {kCom32}},
    {"pmload.c32", {kCom32}},
    {"prdhcp.c32", {kCom32, kUtil}},
    {"pxechn.c32", {kCom32, kUtil}},
    {"reboot.c32", {kCom32}},
    {"rosh.c32", {kCom32, kUtil}},
    {"sanboot.c32", {kCom32}},
    {"sdi.c32", {kCom32}},
    {"sysdump.c32", {kCom32}},
    {"syslinux.c32", {kCom32}},
    {"vesa.c32", {kCom32}},
    {"vesamenu.c32", {kCom32, kUtil}},
    {"vpdtest.c32", {kGpl}},
    {"whichsys.c32", {kCom32}},
    {"zzjson.c32", {kGpl}},
};

struct KnownKind {
  std::string_view name;
  ModuleKind kind;
};

constexpr KnownKind kKinds[] = {
    {"menu.c32", ModuleKind::Menu},
    {"vesamenu.c32", ModuleKind::GraphicalMenu},
    {"config.c32", ModuleKind::ConfigLoader},
    {"pxechn.c32", ModuleKind::NbpChain},
    {"linux.c32", ModuleKind::LinuxLoader},
    {"mboot.c32", ModuleKind::Multiboot},
    {"whichsys.c32", ModuleKind::SystemChoice},
    {"ifcpu64.c32", ModuleKind::ProcessorChoice},
    {"cat.c32", ModuleKind::Printer},
    {"pwd.c32", ModuleKind::Talker},
};

bool contains(ByteView octets, std::string_view text) {
  const ByteView wanted = as_bytes(text);
  return std::search(octets.begin(), octets.end(), wanted.begin(), wanted.end()) != octets.end();
}

}  // namespace

std::optional<std::vector<std::string>> module_libraries(ByteView module) {
  const auto segments = segments_of(module);
  if (!segments) return std::nullopt;
  const auto dynamic = std::find_if(segments->begin(), segments->end(), [](const Segment& segment) {
    return segment.type == kSegmentDynamic;
  });
  if (dynamic == segments->end()) return std::vector<std::string>{};

  std::vector<std::uint32_t> needed;
  std::optional<std::uint32_t> strings;
  for (std::size_t at = 0; at + kDynamicEntrySize <= dynamic->size; at += kDynamicEntrySize) {
    const auto tag = little(module, dynamic->offset + at, 4);
    const auto value = little(module, dynamic->offset + at + 4, 4);
    if (!value || *tag == kTagNull) break;
    if (*tag == kTagStrings) strings = *value;
    if (*tag == kTagNeeded) needed.push_back(*value);
    if (needed.size() > kMostLibraries) return std::nullopt;
  }
  if (!strings) return std::vector<std::string>{};

  std::vector<std::string> libraries;
  for (auto offset = needed.rbegin(); offset != needed.rend(); ++offset) {
    const auto at = file_offset(*segments, *strings + *offset);
    if (!at || *at >= module.size()) return std::nullopt;
    const auto name = ByteReader(module.subspan(*at)).c_string();
    if (!name) return std::nullopt;
    if (!name->empty()) libraries.emplace_back(base_name(*name));
  }
  return libraries;
}

std::vector<std::string> known_module_libraries(std::string_view name) {
  std::vector<std::string> libraries;
  for (const KnownModule& module : kKnownModules) {
    if (module.name != base_name(name)) continue;
    for (const std::string_view library : module.libraries) {
      if (!library.empty()) libraries.emplace_back(library);
    }
  }
  return libraries;
}

ModuleKind module_kind(std::string_view name, ByteView module) {
  if (contains(module, "Initial menu has no LABEL entries!")) {
    const bool graphical = contains(module, "vesacon") || contains(module, "libcom32.c32");
    return graphical ? ModuleKind::GraphicalMenu : ModuleKind::Menu;
  }
  for (const KnownKind& known : kKinds) {
    if (known.name == base_name(name)) return known.kind;
  }
  return ModuleKind::Other;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace pxeproof::rom
