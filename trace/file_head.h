#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// What the beginning of a file tells of it, as far as the capture holds it.
struct FileHead {
  Bytes octets;                             // the first 16 at most
  std::optional<std::uint16_t> pe_machine;  // of an EFI program (PE/COFF, IMAGE_FILE_HEADER)

  static FileHead of(ByteView beginning);

  bool begins_with(std::string_view text) const;
  bool is_web_page() const;
  // The same octet all along: who anonymised the capture may have blanked what files hold.
  bool is_blanked() const;
  // Firmware's loader of images takes these only: PE/COFF, with and without a DOS stub, and TE.
  bool may_be_efi_program() const;
  // Text, or what begins as a BIOS program or an ELF image does. Of other octets nobody knows what
  // they are: who anonymised the capture may have put them there.
  bool is_surely_no_efi_program() const;
  // Its text, else its octets in hexadecimal digits.
  std::string in_words() const;
};

}  // namespace pxeproof::trace
