#include "simclient/boot_uri.h"

#include "protocol/tftp/packet.h"

namespace pxeproof::rom {

namespace {

constexpr std::string_view kTftpScheme = "tftp://";

}  // namespace

bool is_uri(std::string_view file) { return file.find("://") != std::string_view::npos; }

std::optional<FileAddress> parse_tftp_uri(std::string_view text) {
  if (!text.starts_with(kTftpScheme)) return std::nullopt;
  text.remove_prefix(kTftpScheme.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, slash);
  std::uint16_t port = tftp::kPort;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    const std::string digits(host.substr(colon + 1));
    if (digits.empty() || digits.size() > 5 ||
        digits.find_first_not_of("0123456789") != std::string::npos || std::stoul(digits) > 65535) {
      return std::nullopt;
    }
    port = static_cast<std::uint16_t>(std::stoul(digits));
    host = host.substr(0, colon);
  }
  const auto address = Ipv4Address::parse(host);
  if (!address) return std::nullopt;
  return FileAddress{{*address, port}, std::string(text.substr(slash + 1))};
}

}  // namespace pxeproof::rom
