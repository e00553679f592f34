#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/addresses.h"

namespace pxeproof::rom {

// Where an RRQ goes and what it asks for.
struct FileAddress {
  Endpoint server;
  std::string name;
};

// True when a boot file is named by a URI of any scheme, and not by a plain name.
bool is_uri(std::string_view file);

// A URI tftp://address[:port]/name; nullopt for a plain name and for any other scheme.
std::optional<FileAddress> parse_tftp_uri(std::string_view text);

}  // namespace pxeproof::rom
