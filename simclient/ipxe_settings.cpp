#include "simclient/ipxe_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace pxeproof::rom {
namespace {

// Settings that are DHCP options under a name (core/settings.c).
struct NamedOption {
  std::string_view name;
  std::uint8_t code;
  std::string_view type;
};
constexpr std::array kNamedOptions{
    NamedOption{"filename", 67, "string"},   NamedOption{"root-path", 17, "string"},
    NamedOption{"hostname", 12, "string"},   NamedOption{"domain", 15, "string"},
    NamedOption{"dns", 6, "ipv4"},           NamedOption{"gateway", 3, "ipv4"},
    NamedOption{"netmask", 1, "ipv4"},       NamedOption{"dhcp-server", 54, "ipv4"},
    NamedOption{"user-class", 77, "string"}, NamedOption{"vendor-class", 60, "string"},
    NamedOption{"ntp", 42, "ipv4"},          NamedOption{"tftp-server-name", 66, "string"},
};

Bytes octets_of(Ipv4Address address) {
  return {static_cast<std::uint8_t>(address.value >> 24U),
          static_cast<std::uint8_t>(address.value >> 16U),
          static_cast<std::uint8_t>(address.value >> 8U), static_cast<std::uint8_t>(address.value)};
}

Bytes octets_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

std::string hexadecimal(ByteView octets, std::string_view between) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : between, octet);
  }
  return text;
}

std::optional<std::size_t> integer_size(std::string_view type) {
  if (type.starts_with('u')) type.remove_prefix(1);
  if (type == "int8") return 1;
  if (type == "int16") return 2;
  if (type == "int32") return 4;
  return std::nullopt;
}

std::optional<std::string> formatted(ByteView octets, std::string_view type) {
  if (type == "string") return as_text(octets);
  if (type == "uristring") {
    std::string text;
    for (const std::uint8_t octet : octets) {
      const char c = static_cast<char>(octet);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') ||
                         std::string_view("-_.~").find(c) != std::string_view::npos;
      text += plain ? std::string(1, c) : fmt::format("%{:02X}", octet);
    }
    return text;
  }
  if (type == "ipv4" || type == "ip") {
    if (octets.size() < 4) return std::nullopt;
    const auto address = Ipv4Address::from(octets.first(4));
    if (!address) return std::nullopt;
    return to_string(*address);
  }
  if (const auto size = integer_size(type)) {
    // The value takes as many octets as it has, and is read as so large a number.
    std::uint64_t value = 0;
    for (const std::uint8_t octet : octets) value = value << 8U | octet;
    if (type.starts_with('u')) return std::to_string(static_cast<std::uint32_t>(value));
    if (*size == 1) return std::to_string(static_cast<std::int8_t>(value));
    if (*size == 2) return std::to_string(static_cast<std::int16_t>(value));
    return std::to_string(static_cast<std::int32_t>(value));
  }
  if (type == "hex") return hexadecimal(octets, ":");
  if (type == "hexhyp") return hexadecimal(octets, "-");
  if (type == "hexraw") return hexadecimal(octets, "");
  if (type == "uuid" || type == "guid") {
    if (octets.size() < 16) return std::nullopt;
    Guid guid;
    std::copy_n(octets.begin(), guid.octets.size(), guid.octets.begin());
    return to_string(guid);
  }
  return std::nullopt;
}

// "net0.dhcp/filename:hexraw" is a scope, a name and a type.
struct Name {
  std::string_view name;
  std::string_view type;
};
Name parse_name(std::string_view text) {
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    text.remove_prefix(slash + 1);
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return {text.substr(0, colon), text.substr(std::min(colon + 1, text.size()))};
}

std::optional<std::uint8_t> option_code(std::string_view name) {
  std::uint8_t code = 0;
  const char* const end = name.data() + name.size();
  if (name.empty() || std::from_chars(name.data(), end, code).ptr != end) return std::nullopt;
  return code;
}

}  // namespace

IpxeSettings::IpxeSettings(const IpxeOptions& options) {
  const bool bios = options.platform == IpxeOptions::Platform::Bios;
  machine_["mac"] = {Bytes(options.mac.octets.begin(), options.mac.octets.end()), "hex"};
  machine_["uuid"] = {Bytes(options.guid.octets.begin(), options.guid.octets.end()), "uuid"};
  machine_["platform"] = {octets_of(bios ? "pcbios" : "efi"), "string"};
  machine_["buildarch"] = {octets_of(options.build_architecture), "string"};
  machine_["version"] = {octets_of("1.0.0+"), "string"};
  machine_["manufacturer"] = {octets_of("QEMU"), "string"};
  configure(options.subnet, options.router, options.settings);
}

void IpxeSettings::configure(const Subnet& subnet, const std::optional<Ipv4Address>& router,
                             const ServerSettings& servers) {
  servers_ = servers;
  machine_["ip"] = {octets_of(subnet.address), "ipv4"};
  machine_["netmask"] = {octets_of(subnet.netmask), "ipv4"};
  machine_.erase("gateway");
  if (router) machine_["gateway"] = {octets_of(*router), "ipv4"};
}

bool IpxeSettings::set(std::string_view text, std::string_view value) {
  const Name name = parse_name(text);
  const auto code = option_code(name.name);
  std::string type(name.type.empty() ? (code ? "hex" : "string") : name.type);
  Value stored{octets_of(value), type};
  if (const auto size = integer_size(type)) {
    std::int64_t number = 0;
    int base = 10;
    if (value.starts_with("0x")) {
      base = 16;
      value.remove_prefix(2);
    }
    const char* const end = value.data() + value.size();
    if (value.empty() || std::from_chars(value.data(), end, number, base).ptr != end) return false;
    stored.octets.clear();
    for (std::size_t at = *size; at > 0; --at) {
      stored.octets.push_back(static_cast<std::uint8_t>(number >> 8 * (at - 1)));
    }
  } else if (type == "ipv4" || type == "ip") {
    const auto address = Ipv4Address::parse(value);
    if (!address) return false;
    stored.octets = octets_of(*address);
  } else if (type == "hex" || type == "hexhyp" || type == "hexraw") {
    stored.octets.clear();
    std::string digits;
    for (const char c : value) {
      if (c != ':' && c != '-') digits.push_back(c);
    }
    if (digits.size() % 2 != 0) return false;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
      std::uint8_t octet = 0;
      const char* const begin = digits.data() + at;
      if (std::from_chars(begin, begin + 2, octet, 16).ptr != begin + 2) return false;
      stored.octets.push_back(octet);
    }
  } else if (type != "string" && type != "uristring" && type != "uuid") {
    return false;
  }
  own_[std::string(name.name)] = std::move(stored);
  return true;
}

void IpxeSettings::clear(std::string_view text) {
  const auto found = own_.find(parse_name(text).name);
  if (found != own_.end()) own_.erase(found);
}

std::optional<IpxeSettings::Value> IpxeSettings::find(std::string_view name) const {
  if (const auto found = own_.find(name); found != own_.end()) return found->second;
  if (const auto found = machine_.find(name); found != machine_.end()) return found->second;
  if (name == "next-server") {
    for (const auto& message : {servers_.acknowledgement(), servers_.proxy()}) {
      if (message && !message->siaddr().is_unspecified()) {
        return Value{octets_of(message->siaddr()), "ipv4"};
      }
    }
    return std::nullopt;
  }
  const auto* const named = std::find_if(kNamedOptions.begin(), kNamedOptions.end(),
                                         [&](const NamedOption& row) { return row.name == name; });
  const auto code = named != kNamedOptions.end() ? std::optional(named->code) : option_code(name);
  if (!code) return std::nullopt;
  const std::string type(named != kNamedOptions.end() ? named->type : "hex");
  if (*code == static_cast<std::uint8_t>(dhcp::OptionCode::BootFileName)) {
    for (const auto& message : {servers_.acknowledgement(), servers_.proxy()}) {
      if (message && !message->file_text().empty()) {
        return Value{octets_of(message->file_text()), type};
      }
    }
  }
  if (auto octets = servers_.option(*code)) return Value{std::move(*octets), type};
  return std::nullopt;
}

std::optional<std::string> IpxeSettings::get(std::string_view text) const {
  const Name name = parse_name(text);
  const auto value = find(name.name);
  if (!value) return std::nullopt;
  return formatted(value->octets, name.type.empty() ? std::string_view(value->type) : name.type);
}

std::string IpxeSettings::server_of_boot_file() const {
  if (own_.contains("next-server") || own_.contains("filename")) {
    return get("next-server").value_or("");
  }
  for (const auto& message : {servers_.acknowledgement(), servers_.proxy()}) {
    if (!message) continue;
    const bool names_file =
        !message->file_text().empty() || !message->text(dhcp::OptionCode::BootFileName).empty();
    if (names_file && !message->siaddr().is_unspecified()) return to_string(message->siaddr());
    if (names_file) break;
  }
  return get("next-server").value_or("");
}

std::optional<std::string> IpxeSettings::expand(std::string_view text, std::size_t limit) const {
  std::string result(text);
  constexpr std::size_t kMostExpansions = 256;
  for (std::size_t round = 0; round < kMostExpansions; ++round) {
    // The first closing brace belongs to the last opening one before it.
    const std::size_t first = result.find("${");
    if (first == std::string::npos) return result;
    const std::size_t close = result.find('}', first);
    if (close == std::string::npos) return result;
    const std::size_t open = result.rfind("${", close);
    const std::string value = get(result.substr(open + 2, close - open - 2)).value_or("");
    result.replace(open, close - open + 1, value);
    if (result.size() > limit) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace pxeproof::rom
