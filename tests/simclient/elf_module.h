#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::rom {

// A minimal ELF file as module_libraries reads it: one loaded segment at address 0 and a dynamic
// section that names the libraries, in this order; text is put at the end.
inline Bytes elf_module(const std::vector<std::string>& needed, const std::string& text = "") {
  constexpr std::size_t kHeaders = 52 + 2 * 32;
  const std::size_t dynamic_size = (needed.size() + 2) * 8;
  std::string strings(1, '\0');
  std::vector<std::size_t> names;
  for (const std::string& library : needed) {
    names.push_back(strings.size());
    strings += library + '\0';
  }
  const std::size_t string_table = kHeaders + dynamic_size;
  const std::size_t total = string_table + strings.size() + text.size();

  Bytes out;
  const auto put = [&](std::size_t value, int octets) {
    for (int i = 0; i < octets; ++i) {
      out.push_back(static_cast<std::uint8_t>(value >> (8 * i) & 0xffU));
    }
  };
  put(0x464c457f, 4);  // 7f "ELF"
  put(0x010101, 3);    // 32 bit, little endian, version 1
  out.resize(16);
  put(3, 2);   // a shared object
  put(3, 2);   // for i386
  put(1, 4);   // version
  put(0, 4);   // entry
  put(52, 4);  // program headers
  put(0, 4);   // section headers
  put(0, 4);   // flags
  put(52, 2);
  put(32, 2);
  put(2, 2);  // program headers: two
  put(0, 6);
  const auto put_segment = [&](std::size_t type, std::size_t offset, std::size_t size) {
    for (const std::size_t value : {type, offset, offset, offset, size, size}) put(value, 4);
    put(7, 4);
    put(4, 4);
  };
  put_segment(1, 0, total);
  put_segment(2, kHeaders, dynamic_size);
  for (const std::size_t name : names) {
    put(1, 4);
    put(name, 4);
  }
  put(5, 4);
  put(string_table, 4);
  put(0, 8);
  for (const char c : strings + text) out.push_back(static_cast<std::uint8_t>(c));
  return out;
}

}  // namespace pxeproof::rom
