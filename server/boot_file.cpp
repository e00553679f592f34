#include "server/boot_file.h"

#include <algorithm>
#include <charconv>

#include "protocol/letter_case.h"

namespace pxeproof::server {

bool BootFileName::assign(std::string_view text) {
  if (text.size() > text_.size()) return false;
  size_ = 0;
  return append(text);
}

bool BootFileName::append(std::string_view text) {
  if (size_ + text.size() > text_.size()) return false;
  std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += text.size();
  return true;
}

bool is_http_url(std::string_view file) {
  // RFC 3986 s.3.1: schemes have no case.
  const auto begins_with = [file](std::string_view scheme) {
    return std::ranges::equal(file.substr(0, scheme.size()), scheme, {}, to_lower);
  };
  return begins_with("http://") || begins_with("https://");
}

bool has_foreign_ending(std::string_view file, std::uint16_t architecture) {
  constexpr std::array<std::string_view, 1> kEfi{".efi"};
  constexpr std::array<std::string_view, 5> kBios{".0", ".kpxe", ".kkpxe", ".pxe", ".com"};
  const auto ends_with = [file](std::string_view ending) {
    return file.size() > ending.size() &&
           std::ranges::equal(file.substr(file.size() - ending.size()), ending, {}, to_lower);
  };
  if (architecture == kBiosArchitecture) return std::ranges::any_of(kEfi, ends_with);
  return is_efi_architecture(architecture) && std::ranges::any_of(kBios, ends_with);
}

bool name_boot_file(std::string_view basename, std::uint16_t architecture, std::uint16_t layer,
                    BootFileName& name) {
  if (!name.assign(basename)) return false;
  if (basename.find("://") != std::string_view::npos) return true;
  const std::string_view last = basename.substr(basename.rfind('/') + 1);
  if (last.find('.') != std::string_view::npos) return true;
  if (architecture >= kFirstUefiArchitecture && layer == 0) return true;
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), layer).ptr;
  return name.append(".") &&
         name.append({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

}  // namespace pxeproof::server
