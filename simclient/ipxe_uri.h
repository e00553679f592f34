#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/addresses.h"

namespace pxeproof::rom {

// A URI as iPXE takes it apart (core/uri.c), as far as TFTP needs it.
struct IpxeUri {
  std::string scheme{};  // empty: relative
  std::string host{};
  std::string path{};  // decoded
};

IpxeUri parse_ipxe_uri(std::string_view text);

// A URI relative to that of the script that names it.
IpxeUri resolve_ipxe_uri(const IpxeUri& base, const IpxeUri& relative);

// What the RRQ asks for: iPXE puts a plain DHCP name behind one "/" and takes that away again.
std::string ipxe_tftp_name(const IpxeUri& uri);

std::string to_string(const IpxeUri& uri);

}  // namespace pxeproof::rom
