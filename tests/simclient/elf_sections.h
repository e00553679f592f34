#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

// A 32-bit ELF file with one section beside the section names.
inline std::string elf_with_section(std::string_view name, std::string_view content) {
  constexpr std::uint32_t kHeaderSize = 52;
  constexpr std::uint32_t kSectionSize = 40;
  std::string file(kHeaderSize, '\0');
  const auto put = [](std::string& text, std::size_t at, std::size_t octets, std::uint32_t value) {
    for (std::size_t i = 0; i < octets; ++i) text[at + i] = static_cast<char>(value >> 8 * i);
  };
  file.replace(0, 7,
               std::string("\x7f"
                           "ELF\1\1\1",
                           7));
  const std::string names = std::string("\0.names\0", 8) + std::string(name) + '\0';
  const auto names_at = static_cast<std::uint32_t>(file.size());
  file += names;
  const auto content_at = static_cast<std::uint32_t>(file.size());
  file += content;
  const auto table = static_cast<std::uint32_t>(file.size());
  const auto add = [&](std::uint32_t name_at, std::uint32_t at, std::size_t size) {
    std::string section(kSectionSize, '\0');
    put(section, 0, 4, name_at);
    put(section, 16, 4, at);
    put(section, 20, 4, static_cast<std::uint32_t>(size));
    file += section;
  };
  add(0, 0, 0);
  add(1, names_at, names.size());
  add(8, content_at, content.size());
  put(file, 32, 4, table);
  put(file, 46, 2, kSectionSize);
  put(file, 48, 2, 3);
  put(file, 50, 2, 1);
  return file;
}

// A module of GRUB that needs others.
inline std::string grub_module(const std::vector<std::string>& needed) {
  std::string names;
  for (const std::string& name : needed) names += name + '\0';
  return elf_with_section(".moddeps", names.empty() ? std::string(1, '\0') : names);
}

}  // namespace pxeproof::rom
