#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pxeproof::server {

// A boot file's name as it goes on the wire. It fits an option (255 octets) or there is none.
class BootFileName {
 public:
  // false, and the name stays as it was, when the result would be over 255 octets.
  bool assign(std::string_view text);
  bool append(std::string_view text);

  std::string_view text() const { return {text_.data(), size_}; }
  bool is_empty() const { return size_ == 0; }

 private:
  std::array<char, 255> text_;
  std::size_t size_ = 0;
};

// RFC 4578 calls architectures by numbers; dnsmasq treats all from 6 on as UEFI.
inline constexpr std::uint16_t kFirstUefiArchitecture = 6;

// RFC 4578 s.2.1: what starts network bootstrap programs, and what starts EFI programs by TFTP.
inline constexpr std::uint16_t kBiosArchitecture = 0;
constexpr bool is_efi_architecture(std::uint16_t architecture) {
  return architecture == 6 || architecture == 7 || (architecture >= 9 && architecture <= 11);
}

// Whether a boot file is fetched by HTTP rather than TFTP.
bool is_http_url(std::string_view file);

// Whether a file's ending says that it is for machines of the other kind: .efi for BIOS, or .0,
// .kpxe and the like for UEFI. Architectures that are neither take any name.
bool has_foreign_ending(std::string_view file, std::uint16_t architecture);

// The file behind a pxe-service's basename for a boot item's layer: ".0" and so on is added for
// BIOS unless the name's last component has a suffix of its own (D22); a UEFI file is taken by its
// name, and a URL is never changed. false when it is too long.
bool name_boot_file(std::string_view basename, std::uint16_t architecture, std::uint16_t layer,
                    BootFileName& name);

}  // namespace pxeproof::server
