#include "cli/boot_target.h"

#include <fmt/format.h>

#include <filesystem>

namespace pxeproof::cli {

std::string_view to_string(BootTarget::Server server) {
  switch (server) {
    case BootTarget::Server::Builtin:
      return "builtin";
    case BootTarget::Server::Dnsmasq:
      return "dnsmasq";
  }
  return {};
}

Outcome<BootTarget> parse_boot_target(std::string_view option, std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  BootTarget target;
  if (name == to_string(BootTarget::Server::Builtin)) {
    target.server = BootTarget::Server::Builtin;
  } else if (name == to_string(BootTarget::Server::Dnsmasq)) {
    target.server = BootTarget::Server::Dnsmasq;
  } else {
    return wrong_usage(
        fmt::format("{}: no server '{}'; give builtin, dnsmasq, builtin:CONF or "
                    "dnsmasq:CONF",
                    option, name));
  }
  if (colon != std::string_view::npos) {
    target.configuration_file = std::string(text.substr(colon + 1));
    if (target.configuration_file.empty()) {
      return wrong_usage(fmt::format("{}: '{}' names no file behind the colon", option, text));
    }
  }
  return target;
}

Outcome<BootTarget> parse_target_or_file(std::string_view option, const std::string& text) {
  std::error_code error;
  const bool is_file = text.find(':') == std::string::npos &&
                       (text.find('/') != std::string::npos || text.ends_with(".conf")) &&
                       std::filesystem::exists(text, error);
  if (is_file) return BootTarget{BootTarget::Server::Builtin, text};
  auto target = parse_boot_target(option, text);
  if (target) return target;
  return wrong_usage(
      target.error().message +
      "; or a configuration file that exists, whose name ends in .conf or holds a /");
}

}  // namespace pxeproof::cli
