#pragma once

#include <string>
#include <string_view>

#include "cli/failure.h"

namespace pxeproof::cli {

// What --against and --server name: "builtin", "dnsmasq", or either with ":CONF".
struct BootTarget {
  enum class Server { Builtin, Dnsmasq };
  Server server = Server::Builtin;
  std::string configuration_file;  // empty: the article's
};

Outcome<BootTarget> parse_boot_target(std::string_view option, std::string_view text);

// The same, or the name of a configuration file alone, for the server built in: of a file that
// exists, whose name ends in .conf or holds a slash.
Outcome<BootTarget> parse_target_or_file(std::string_view option, const std::string& text);

std::string_view to_string(BootTarget::Server server);

}  // namespace pxeproof::cli
