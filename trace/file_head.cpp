#include "trace/file_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "firmware/boot_image.h"
#include "protocol/letter_case.h"

namespace pxeproof::trace {

FileHead FileHead::of(ByteView beginning) {
  constexpr std::size_t kKept = 16;
  const ByteView kept = beginning.first(std::min(kKept, beginning.size()));
  return {.octets = Bytes(kept.begin(), kept.end()),
          .pe_machine = firmware::efi_machine_of(beginning)};
}

bool FileHead::begins_with(std::string_view text) const {
  return octets.size() >= text.size() && equal(ByteView(octets).first(text.size()), as_bytes(text));
}

bool FileHead::is_web_page() const {
  const std::string head = lower_case(std::string(octets.begin(), octets.end()));
  const std::size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return false;
  const std::string_view text = std::string_view(head).substr(begin);
  return text.starts_with("<!doctype") || text.starts_with("<html") || text.starts_with("<?xml");
}

bool FileHead::is_blanked() const {
  return std::ranges::adjacent_find(octets, std::ranges::not_equal_to()) == octets.end();
}

bool FileHead::may_be_efi_program() const {
  using namespace std::string_view_literals;
  return begins_with("MZ") || begins_with("PE\0\0"sv) || begins_with("VZ");
}

bool FileHead::is_surely_no_efi_program() const {
  constexpr std::size_t kText = 16;
  const bool is_text =
      octets.size() >= kText && std::ranges::all_of(octets, [](std::uint8_t octet) {
        return (octet >= 0x20 && octet < 0x7f) || octet == '\n' || octet == '\r' || octet == '\t';
      });
  // A jump over the header that BIOS programs have.
  const bool is_bios_program =
      begins_with("\xea") || begins_with("\xeb") || begins_with("\xe9") || begins_with("\xfa");
  return !may_be_efi_program() &&
         (is_text || begins_with("#!") || is_bios_program || is_web_page() ||
          begins_with("\x7f"
                      "ELF"));
}

std::string FileHead::in_words() const {
  const auto end = std::ranges::find_if(
      octets, [](std::uint8_t octet) { return octet < 0x20 || octet >= 0x7f; });
  constexpr std::size_t kTold = 4;
  const std::string text(octets.begin(), end);
  if (text.size() >= kTold) return fmt::format("\"{}\"", text);
  return to_hex(ByteView(octets).first(std::min(kTold, octets.size())));
}

}  // namespace pxeproof::trace
