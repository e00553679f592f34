#include "cli/program_head.h"

#include <fstream>

#include "firmware/boot_program.h"

namespace pxeproof::cli {

Bytes read_program_head(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  Bytes head(firmware::kBootProgramHead);
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head;
}

}  // namespace pxeproof::cli
