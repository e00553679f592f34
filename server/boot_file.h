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

// Whether a boot file is fetched by HTTP rather than TFTP.
bool is_http_url(std::string_view file);

// The file behind a pxe-service's basename for a boot item's layer: ".0" and so on is added for
// BIOS unless the name's last component has a suffix of its own (D22); a UEFI file is taken by its
// name, and a URL is never changed. false when it is too long.
bool name_boot_file(std::string_view basename, std::uint16_t architecture, std::uint16_t layer,
                    BootFileName& name);

}  // namespace pxeproof::server
