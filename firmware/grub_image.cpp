#include "firmware/grub_image.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "firmware/elf_sections.h"
#include "firmware/lzma.h"

namespace pxeproof::firmware {

namespace {

// include/grub/kernel.h: the modules' header, then the modules, each with a header of its own.
//
//   32 bits: 0 magic  4 offset  8 size          64 bits: 0 magic  8 offset  16 size
//   module:  0 type   4 size (header and content)
constexpr std::string_view kMagic = "mimg";
constexpr std::uint32_t kTypeElf = 0;
constexpr std::uint32_t kTypeMemdisk = 1;
constexpr std::uint32_t kTypeConfig = 2;
constexpr std::uint32_t kTypePrefix = 3;

// lzma_decompress.img begins with a jump to 0000:821c and the sizes of what it unpacks.
constexpr std::string_view kDecompressor("\xea\x1c\x82\x00\x00", 5);
constexpr std::size_t kSectorSize = 512;
constexpr std::size_t kLargestCore = 16U << 20U;

std::uint32_t little32(ByteView octets, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t at = 4; at > 0; --at) value = value << 8U | octets[offset + at - 1];
  return value;
}

std::string text_of(ByteView content) {
  const auto end = std::find(content.begin(), content.end(), std::uint8_t{0});
  return as_text(content.first(static_cast<std::size_t>(end - content.begin())));
}

// A file in the root directory of a FAT12 image whose clusters stand in a row, as mcopy writes it.
std::optional<std::string> file_on_fat(ByteView disk, std::string_view short_name) {
  constexpr std::size_t kEntrySize = 32;
  if (disk.size() < kSectorSize) return std::nullopt;
  const auto word = [&](std::size_t at) -> std::size_t {
    return disk[at] | static_cast<std::size_t>(disk[at + 1]) << 8U;
  };
  const std::size_t sector = word(11);
  const std::size_t cluster = sector * disk[13];
  const std::size_t root = (word(14) + disk[16] * word(22)) * sector;
  const std::size_t entries = word(17);
  const std::size_t first_cluster = root + entries * kEntrySize;
  for (std::size_t index = 0; index < entries; ++index) {
    const std::size_t at = root + index * kEntrySize;
    if (at + kEntrySize > disk.size()) return std::nullopt;
    if (!equal(disk.subspan(at, short_name.size()), as_bytes(short_name))) continue;
    const std::size_t begin = word(at + 26);
    const std::size_t size = little32(disk, at + 28);
    if (begin < 2) return std::nullopt;
    const std::size_t offset = first_cluster + (begin - 2) * cluster;
    if (offset > disk.size() || disk.size() - offset < size) return std::nullopt;
    return as_text(disk.subspan(offset, size));
  }
  return std::nullopt;
}

struct Modules {
  ByteView content;
  bool wide = false;
};

// The modules' header; the magic alone also stands in GRUB's code.
std::optional<Modules> find_modules(ByteView image) {
  const ByteView magic = as_bytes(kMagic);
  for (auto at = image.begin();; ++at) {
    at = std::search(at, image.end(), magic.begin(), magic.end());
    if (at == image.end()) return std::nullopt;
    const ByteView rest = image.subspan(static_cast<std::size_t>(at - image.begin()));
    if (rest.size() < 24) return std::nullopt;
    const std::uint32_t size32 = little32(rest, 8);
    if (little32(rest, 4) == 12 && size32 > 12 && size32 <= rest.size()) {
      return Modules{rest.first(size32).subspan(12), false};
    }
    const std::uint32_t size64 = little32(rest, 16);
    if (little32(rest, 4) == 0 && little32(rest, 8) == 24 && little32(rest, 12) == 0 &&
        little32(rest, 20) == 0 && size64 > 24 && size64 <= rest.size()) {
      return Modules{rest.first(size64).subspan(24), true};
    }
  }
}

std::optional<Bytes> unpacked_core(ByteView image) {
  for (std::size_t at = 0; at + kSectorSize <= image.size(); at += kSectorSize) {
    if (!equal(image.subspan(at, kDecompressor.size()), as_bytes(kDecompressor))) continue;
    const std::size_t packed = little32(image, at + 8);
    const std::size_t size = little32(image, at + 12);
    if (packed > image.size() - at || size > kLargestCore) return std::nullopt;
    return unpack_lzma(image.last(packed), size);
  }
  return std::nullopt;
}

}  // namespace

std::optional<GrubImage> read_grub_image(ByteView image) {
  GrubImage result;
  std::optional<Bytes> core;
  std::optional<Modules> modules;
  const bool is_pe = image.size() > 2 && image[0] == 'M' && image[1] == 'Z';
  if (is_pe) {
    modules = find_modules(image);
    result.platform = modules && modules->wide ? "x86_64-efi" : "i386-efi";
    // The machine type in the PE header tells arm64 from x64.
    if (image.size() > 0x40) {
      const std::size_t header = little32(image, 0x3c);
      if (header + 6 <= image.size() && image[header + 4] == 0x64 && image[header + 5] == 0xaa) {
        result.platform = "arm64-efi";
      }
    }
  } else {
    core = unpacked_core(image);
    if (core) modules = find_modules(*core);
  }
  if (!modules) return std::nullopt;
  ByteView rest = modules->content;
  while (rest.size() >= 8) {
    const std::uint32_t type = little32(rest, 0);
    const std::uint32_t size = little32(rest, 4);
    if (size < 8 || size > rest.size()) break;
    const ByteView content = rest.first(size).subspan(8);
    switch (type) {
      case kTypeElf:
        if (const auto name = elf_section(content, ".modname")) {
          result.modules.push_back(text_of(*name));
        }
        break;
      case kTypeMemdisk:
        result.memdisk_config = file_on_fat(content, "GRUB    CFG");
        break;
      case kTypeConfig:
        result.config = text_of(content);
        break;
      case kTypePrefix:
        result.prefix = text_of(content);
        break;
      default:
        break;
    }
    rest = rest.subspan(size);
  }
  return result;
}

}  // namespace pxeproof::firmware
