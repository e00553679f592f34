#include "firmware/elf_sections.h"

#include <cstdint>

namespace pxeproof::firmware {

namespace {

// Where the fields stand (System V ABI):
//
//   file header     32 bits: 32 shoff  46 shentsize  48 shnum  50 shstrndx
//                   64 bits: 40 shoff  58 shentsize  60 shnum  62 shstrndx
//   section header  32 bits:  0 name   16 offset     20 size
//                   64 bits:  0 name   24 offset     32 size
struct Layout {
  std::size_t word;  // octets of an offset
  std::size_t table, entry_size, count, names;
  std::size_t offset, size;
};
constexpr Layout kLayout32{4, 32, 46, 48, 50, 16, 20};
constexpr Layout kLayout64{8, 40, 58, 60, 62, 24, 32};

std::optional<std::uint64_t> little(ByteView octets, std::uint64_t offset, std::size_t size) {
  if (offset > octets.size() || octets.size() - offset < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t at = size; at > 0; --at) {
    value = value << 8U | octets[static_cast<std::size_t>(offset) + at - 1];
  }
  return value;
}

std::optional<ByteView> content_of(ByteView elf, std::uint64_t header, const Layout& layout) {
  const auto offset = little(elf, header + layout.offset, layout.word);
  const auto size = little(elf, header + layout.size, layout.word);
  if (!offset || !size || *offset > elf.size() || elf.size() - *offset < *size) return std::nullopt;
  return elf.subspan(static_cast<std::size_t>(*offset), static_cast<std::size_t>(*size));
}

}  // namespace

std::optional<ByteView> elf_section(ByteView elf, std::string_view name) {
  constexpr std::string_view kMagic =
      "\x7f"
      "ELF";
  if (elf.size() < 64 || !equal(elf.first(4), as_bytes(kMagic)) || elf[5] != 1) return std::nullopt;
  const Layout& layout = elf[4] == 2 ? kLayout64 : kLayout32;
  const auto table = little(elf, layout.table, layout.word);
  const auto entry_size = little(elf, layout.entry_size, 2);
  const auto count = little(elf, layout.count, 2);
  const auto names_index = little(elf, layout.names, 2);
  if (!table || *table > elf.size() || *entry_size == 0) return std::nullopt;
  const auto names = content_of(elf, *table + *names_index * *entry_size, layout);
  if (!names) return std::nullopt;
  for (std::uint64_t index = 0; index < *count; ++index) {
    const std::uint64_t header = *table + index * *entry_size;
    const auto at = little(elf, header, 4);
    if (!at) return std::nullopt;
    if (*at >= names->size()) continue;
    const auto text = ByteReader(names->subspan(static_cast<std::size_t>(*at))).c_string();
    if (text && *text == name) return content_of(elf, header, layout);
  }
  return std::nullopt;
}

}  // namespace pxeproof::firmware
