#include "simclient/pxelinux_names.h"

#include <fmt/format.h>

#include <cstddef>

namespace pxeproof::rom {
namespace {

// pxelinux holds boot file, prefix and working directory in buffers of 256 octets.
constexpr std::size_t kLongestName = 255;

enum class NameKind { Relative, Url, DoubleColon };

// The first colon alone decides: "a:b::c" is relative.
NameKind kind_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return NameKind::Relative;
  const std::string_view rest = name.substr(colon + 1);
  if (rest.starts_with("//")) return NameKind::Url;
  if (rest.starts_with(":")) return NameKind::DoubleColon;
  return NameKind::Relative;
}

std::optional<unsigned> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  const char lower = static_cast<char>(digit | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10U;
  return std::nullopt;
}

// The path of a tftp URL: %xx is decoded and a ";mode=..." dropped.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size() && text[at] != ';'; ++at) {
    if (text[at] == '%' && at + 2 < text.size()) {
      const auto high = hex_digit(text[at + 1]);
      const auto low = hex_digit(text[at + 2]);
      if (high && low) {
        result.push_back(static_cast<char>(*high * 16U + *low));
        at += 2;
        continue;
      }
    }
    result.push_back(text[at]);
  }
  return result;
}

std::string cut(std::string text) {
  if (text.size() > kLongestName) text.resize(kLongestName);
  return text;
}

PxelinuxLocation locate_url(std::string_view name) {
  const std::size_t colon = name.find(':');
  PxelinuxLocation location;
  if (name.substr(0, colon) != "tftp") location.scheme = PxelinuxLocation::Scheme::Foreign;
  std::string_view host = name.substr(colon + 3);
  const std::size_t slash = host.find('/');
  if (slash != std::string_view::npos) {
    std::string_view path = host.substr(slash + 1);
    location.path = unescape(path.substr(0, path.find('#')));
    host = host.substr(0, slash);
  }
  if (const std::size_t user = host.find('@'); user != std::string_view::npos) {
    host.remove_prefix(user + 1);
  }
  location.server = host.substr(0, host.find(':'));
  return location;
}

}  // namespace

std::string pxelinux_prefix(std::string_view boot_file) {
  std::string prefix(boot_file.substr(0, kLongestName));
  while (!prefix.empty()) {
    // pxelinux folds the case by setting bit 5, so a few control characters pass for letters too.
    const auto folded =
        static_cast<unsigned char>(static_cast<unsigned char>(prefix.back()) | 0x20U);
    const bool part_of_name = (folded >= '0' && folded <= '9') ||
                              (folded >= 'a' && folded <= 'z') || folded == '.' || folded == '-';
    if (!part_of_name) break;
    prefix.pop_back();
  }
  return prefix;
}

PxelinuxDirectory::PxelinuxDirectory(std::string_view prefix) {
  text_ = cut(kind_of(prefix) == NameKind::Relative ? fmt::format("::{}", prefix)
                                                    : std::string(prefix));
}

void PxelinuxDirectory::change(std::string_view name) { text_ = cut(absolute(name)); }

std::string PxelinuxDirectory::absolute(std::string_view name) const {
  if (kind_of(name) == NameKind::Relative) return text_ + std::string(name);
  return std::string(name);
}

PxelinuxLocation PxelinuxDirectory::locate(std::string_view name) const {
  const std::string whole = absolute(name.substr(0, kLongestName));
  switch (kind_of(whole)) {
    case NameKind::Url:
      return locate_url(whole);
    case NameKind::DoubleColon: {
      const std::size_t colon = whole.find(':');
      return {.path = whole.substr(colon + 2), .server = whole.substr(0, colon)};
    }
    case NameKind::Relative:
      break;
  }
  return {.path = whole, .server = {}};
}

std::vector<std::string> pxelinux_config_ladder(const PxelinuxIdentity& identity) {
  std::vector<std::string> names;
  if (identity.config_file) names.push_back(*identity.config_file);
  const auto add = [&](std::string_view name) {
    names.push_back(fmt::format("pxelinux.cfg/{}", name));
  };
  if (identity.guid && !identity.guid->is_zero()) add(to_string(*identity.guid));

  std::string mac = "01";  // the ARP type of Ethernet
  for (const std::uint8_t octet : identity.mac.octets) mac += fmt::format("-{:02x}", octet);
  add(mac);

  const std::string address = fmt::format("{:08X}", identity.address.value);
  for (std::size_t digits = address.size(); digits > 0; --digits) add(address.substr(0, digits));
  add("default");
  return names;
}

std::vector<std::string> pxelinux_install_directories() {
  return {"/boot/isolinux", "/isolinux", "/boot/syslinux", "/syslinux", "/"};
}

}  // namespace pxeproof::rom
