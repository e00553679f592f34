#include "cli/learned_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::cli {

namespace {

using dhcp::OptionCode;

// Octets as a quoted text where they are one, else as hexadecimal digits.
std::string literal(ByteView octets) {
  if (octets.empty()) return "";
  constexpr std::size_t kShortestText = 4;
  const bool is_text = octets.size() >= kShortestText &&
                       std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) {
                         return octet > 0x20 && octet < 0x7f && octet != '\'';
                       });
  return is_text ? " '" + std::string(octets.begin(), octets.end()) + "'" : " " + to_hex(octets);
}

// The value with the first occurrence of some octets replaced by a variable.
std::optional<std::string> replaced(ByteView value, ByteView octets, std::string_view variable) {
  const auto found = std::search(value.begin(), value.end(), octets.begin(), octets.end());
  if (octets.empty() || found == value.end()) return std::nullopt;
  const auto at = static_cast<std::size_t>(found - value.begin());
  return fmt::format("{} {{{}}}{}", literal(value.first(at)), variable,
                     literal(value.subspan(at + octets.size())));
}

Bytes two_octets(std::uint16_t number) {
  return {static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number & 0xffU)};
}

std::string class_of(ByteView value, const KnownValues& known) {
  const std::string text(value.begin(), value.end());
  const bool http = text.starts_with("HTTPClient");
  const auto& number = http ? known.http_architecture : known.architecture;
  constexpr std::string_view kMark = ":Arch:";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string::npos || !number) return literal(value);
  const std::size_t at = mark + kMark.size();
  constexpr std::size_t kDigits = 5;
  if (text.substr(at, kDigits) != fmt::format("{:05}", *number)) return literal(value);
  return fmt::format("{} {{{}}}{}", literal(value.first(at)), http ? "http.arch.text" : "arch.text",
                     literal(value.subspan(at + kDigits)));
}

std::string value_of(const dhcp::OptionView& option, const KnownValues& known, OptionPlace place) {
  const ByteView value = option.value;
  const Bytes octets(value.begin(), value.end());
  switch (static_cast<OptionCode>(option.code)) {
    case OptionCode::VendorClass:
      return class_of(value, known);
    case OptionCode::ClientArchitecture:
      if (known.architecture && octets == two_octets(*known.architecture)) return " {arch}";
      if (known.http_architecture && octets == two_octets(*known.http_architecture)) {
        return " {http.arch}";
      }
      return literal(value);
    case OptionCode::ServerIdentifier:
      if (!known.servers.contains(octets)) return literal(value);
      return place == OptionPlace::ToProxy ? " {proxy}" : " {server}";
    case OptionCode::RequestedAddress:
      return known.addresses.contains(octets) ? " {yiaddr}" : literal(value);
    case OptionCode::ClientMachineIdentifier:
      if (value.size() == known.guid.octets.size() + 1) {
        return literal(value.first(1)) + " {guid}";
      }
      break;
    case OptionCode::VendorSpecific: {
      // The chosen item of a boot menu (PXE 2.1, tag 71).
      constexpr std::size_t kItem = 6;
      if (value.size() >= kItem && value[0] == 71 && value[1] == 4) {
        return " 4704 {item.type} {item.layer}" + literal(value.subspan(kItem));
      }
      break;
    }
    default:
      break;
  }
  if (const auto text = replaced(value, known.mac.octets, "mac")) return *text;
  if (!known.guid.is_zero()) {
    if (const auto text = replaced(value, known.guid.octets, "guid")) return *text;
  }
  return literal(value);
}

}  // namespace

std::string option_template(const dhcp::OptionView& option, const KnownValues& known,
                            OptionPlace place) {
  return fmt::format("{}{}{}", option.code,
                     known.registered.contains(option.code) ? " {registered}" : "",
                     value_of(option, known, place));
}

}  // namespace pxeproof::cli
