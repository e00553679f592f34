#include "server/dhcp_option_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "protocol/letter_case.h"
#include "server/directive_values.h"
#include "server/nearest_name.h"

namespace pxeproof::server {

namespace {

using enum OptionContent;
constexpr OptionOwner kServer = OptionOwner::Server;

// dnsmasq 2.90 lists the names with "--help dhcp"; the rest of a row is seen in what it accepts and
// sends. Names of kServer are not listed there, but dhcp-match takes them.
constexpr std::array kShapes = {
    OptionShape{1, "netmask", Addresses},
    OptionShape{2, "time-offset", Plain, 4},
    OptionShape{3, "router", Addresses},
    OptionShape{6, "dns-server", Addresses},
    OptionShape{7, "log-server", Addresses},
    OptionShape{9, "lpr-server", Addresses},
    OptionShape{12, "hostname", Name, 0, kServer},
    OptionShape{13, "boot-file-size", Plain, 2},
    OptionShape{15, "domain-name", Name},
    OptionShape{16, "swap-server", Addresses},
    OptionShape{17, "root-path", Name},
    OptionShape{18, "extension-path", Name},
    OptionShape{19, "ip-forward-enable", Plain, 1},
    OptionShape{20, "non-local-source-routing", Plain, 1},
    OptionShape{21, "policy-filter", Addresses},
    OptionShape{22, "max-datagram-reassembly", Plain, 2},
    OptionShape{23, "default-ttl", Plain, 1},
    OptionShape{26, "mtu", Plain, 2},
    OptionShape{27, "all-subnets-local", Plain, 1},
    OptionShape{28, "broadcast", Addresses, 0, kServer},
    OptionShape{31, "router-discovery", Plain, 1},
    OptionShape{32, "router-solicitation", Addresses},
    OptionShape{33, "static-route", Addresses},
    OptionShape{34, "trailer-encapsulation", Plain, 1},
    OptionShape{35, "arp-timeout", Plain, 4},
    OptionShape{36, "ethernet-encap", Plain, 1},
    OptionShape{37, "tcp-ttl", Plain, 1},
    OptionShape{38, "tcp-keepalive", Plain, 4},
    OptionShape{40, "nis-domain", Name},
    OptionShape{41, "nis-server", Addresses},
    OptionShape{42, "ntp-server", Addresses},
    OptionShape{43, "vendor-encap", Plain, 0, kServer},
    OptionShape{44, "netbios-ns", Addresses},
    OptionShape{45, "netbios-dd", Addresses},
    OptionShape{46, "netbios-nodetype", Plain, 1},
    OptionShape{47, "netbios-scope"},
    OptionShape{48, "x-windows-fs", Addresses},
    OptionShape{49, "x-windows-dm", Addresses},
    OptionShape{50, "requested-address", Addresses, 0, kServer},
    OptionShape{51, "lease-time", Time, 0, kServer},
    OptionShape{52, "option-overload", Plain, 0, kServer},
    OptionShape{53, "message-type", Plain, 0, kServer},
    OptionShape{54, "server-identifier", Addresses, 0, kServer},
    OptionShape{55, "parameter-request", Plain, 0, kServer},
    OptionShape{56, "message", Plain, 0, kServer},
    OptionShape{57, "max-message-size", Plain, 0, kServer},
    OptionShape{58, "T1", Time},
    OptionShape{59, "T2", Time},
    OptionShape{60, "vendor-class"},
    OptionShape{61, "client-id", Plain, 0, kServer},
    OptionShape{64, "nis+-domain", Name},
    OptionShape{65, "nis+-server", Addresses},
    OptionShape{66, "tftp-server", Name},
    OptionShape{67, "bootfile-name", Name},
    OptionShape{68, "mobile-ip-home", Addresses},
    OptionShape{69, "smtp-server", Addresses},
    OptionShape{70, "pop3-server", Addresses},
    OptionShape{71, "nntp-server", Addresses},
    OptionShape{74, "irc-server", Addresses},
    OptionShape{77, "user-class"},
    OptionShape{80, "rapid-commit"},
    OptionShape{81, "FQDN", Plain, 0, kServer},
    OptionShape{82, "agent-id", Plain, 0, kServer},
    OptionShape{93, "client-arch", Plain, 2},
    OptionShape{94, "client-interface-id"},
    OptionShape{97, "client-machine-id"},
    OptionShape{100, "posix-timezone", Name},
    OptionShape{101, "tzdb-timezone", Name},
    OptionShape{108, "ipv6-only", Plain, 4},
    OptionShape{118, "subnet-select", Plain, 0, kServer},
    OptionShape{119, "domain-search", SearchNames},
    OptionShape{120, "sip-server", SipServers},
    OptionShape{121, "classless-static-route"},
    OptionShape{125, "vendor-id-encap"},
    OptionShape{150, "tftp-server-address", Addresses},
    OptionShape{255, "server-ip-address", Addresses},
};

constexpr std::string_view kDigits = "0123456789";

bool consists_of(std::string_view text, std::string_view octets) {
  return text.find_first_not_of(octets) == std::string_view::npos;
}

bool has_digit(std::string_view text) {
  return text.find_first_of(kDigits) != std::string_view::npos;
}

// Addresses, with commas and "/length"; a leading '/' makes it a path.
bool looks_like_addresses(std::string_view text) {
  return has_digit(text) && consists_of(text, "0123456789.,/ ") && !text.starts_with('/');
}

bool looks_like_octets(std::string_view text, OptionUse use) {
  if (text.find(':') == std::string_view::npos) return false;
  return consists_of(
      text, use == OptionUse::Match ? "0123456789abcdefABCDEF:*" : "0123456789abcdefABCDEF:");
}

// Digits, and at the end a letter for the size: b one octet, s two, i four.
bool looks_like_a_number(std::string_view text) {
  if (text.ends_with('b') || text.ends_with('s') || text.ends_with('i')) text.remove_suffix(1);
  return has_digit(text) && consists_of(text, "0123456789-");
}

OptionValue text_value(const std::string& text) {
  const ByteView octets = as_bytes(text);
  OptionValue value{.form = OptionValue::Form::Text};
  value.octets.assign(octets.begin(), octets.end());
  return value;
}

Result<OptionValue, Complaint> encode_octets(const Argument& argument) {
  auto octets = parse_hex_octets(argument.syntax(), HardwareType::Foreign, 255);
  if (!octets) {
    return refuse(fmt::format("\"{}\" is no list of octets", printable(argument.text())),
                  "write up to 255 octets such as 0a:1b:2c, or put a text in quotes");
  }
  OptionValue value{.form = OptionValue::Form::Octets};
  value.octets = std::move(octets->octets);
  value.wildcard = std::move(octets->wildcard);
  return value;
}

// The size in octets that a letter at the end of a number asks for.
std::optional<std::size_t> size_by_letter(char letter) {
  if (letter == 'b') return 1;
  if (letter == 's') return 2;
  if (letter == 'i') return 4;
  return std::nullopt;
}

std::size_t smallest_size(std::uint32_t number) {
  if (number > 0xffff) return 4;
  return number > 0xff ? 2 : 1;
}

Result<OptionValue, Complaint> encode_number(const Argument& argument, const OptionShape& shape) {
  std::string_view digits = argument.syntax();
  const auto asked_size = size_by_letter(digits.back());
  if (asked_size) digits.remove_suffix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || number > 0xffffffffLL || number < -0x80000000LL) {
    return refuse(fmt::format("\"{}\" is no number of at most four octets", argument.text()),
                  "correct it, or put a text in quotes");
  }
  const auto bits = static_cast<std::uint32_t>(number);
  const std::size_t known_size =
      shape.number_octets != 0 ? shape.number_octets : smallest_size(bits);
  const std::size_t size = asked_size.value_or(known_size);
  const std::int64_t limit = std::int64_t{1} << (8 * size);
  if (number >= limit || number < -(limit / 2)) {
    return refuse(
        fmt::format("{} does not fit into {} octet{}", number, size, size == 1 ? "" : "s"),
        "give a smaller number");
  }
  OptionValue value{.form = OptionValue::Form::Number};
  value.number = bits;
  for (std::size_t octet = size; octet-- > 0;) {
    value.octets.push_back(static_cast<std::uint8_t>(bits >> (8 * octet)));
  }
  return value;
}

// RFC 3442: the length, then as many octets of the network as it has bits.
void append_network(Ipv4Address network, std::uint32_t length, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(length));
  const auto octets = network.octets();
  for (std::size_t at = 0; at * 8 < length && at < octets.size(); ++at) out.push_back(octets[at]);
}

Result<OptionValue, Complaint> encode_addresses(const Argument& argument,
                                                const OptionShape& shape) {
  OptionValue value{.form = OptionValue::Form::Addresses};
  value.addresses_only = true;
  if (shape.content == SipServers) {
    value.octets.push_back(1);  // RFC 3361 s.3.2: addresses follow
    value.addresses_only = false;
  }
  for (Argument& field : argument.fields()) {
    const std::optional<Argument> length = field.cut('/');
    const auto address = parse_address(field.syntax());
    if (!address) {
      return refuse(fmt::format("\"{}\" is no IPv4 address", printable(field.text())),
                    "give addresses such as 192.168.1.10, or put a text in quotes");
    }
    if (!length) {
      const auto octets = address->octets();
      value.octets.insert(value.octets.end(), octets.begin(), octets.end());
      continue;
    }
    const auto bits = parse_decimal(length->syntax(), 32);
    if (!bits) {
      return refuse(fmt::format("\"{}\" is no length of a network", printable(length->text())),
                    "give a number from 0 to 32");
    }
    append_network(*address, *bits, value.octets);
    value.addresses_only = false;
  }
  return value;
}

Result<OptionValue, Complaint> encode_time(const Argument& argument) {
  const auto seconds = parse_seconds(argument.text());
  if (!seconds || !has_digit(argument.text())) {
    return refuse(fmt::format("\"{}\" is no time", printable(argument.text())),
                  "give seconds, or a number with m, h, d or w");
  }
  OptionValue value{.form = OptionValue::Form::Number};
  value.number = *seconds;
  ByteWriter(value.octets).u32(*seconds);
  return value;
}

// Names in the form of RFC 1035 s.4.1.4, a tail that stood before replaced by a pointer to it.
class NameWriter {
 public:
  // False when a label is empty or too long.
  bool append(std::string_view name) {
    if (name == ".") name = {};
    if (name.ends_with('.')) name.remove_suffix(1);
    while (!name.empty()) {
      const std::string tail = lower_case(name);
      if (const auto known = offsets_.find(tail); known != offsets_.end()) {
        ByteWriter(octets_).u16(static_cast<std::uint16_t>(0xc000U | known->second));
        return true;
      }
      offsets_.emplace(tail, octets_.size());
      const std::string_view label = name.substr(0, name.find('.'));
      if (label.empty() || label.size() > 63) return false;
      ByteWriter writer(octets_);
      writer.u8(static_cast<std::uint8_t>(label.size()));
      writer.text(label);
      name.remove_prefix(std::min(label.size() + 1, name.size()));
    }
    octets_.push_back(0);
    return true;
  }
  const Bytes& octets() const { return octets_; }

 private:
  Bytes octets_;
  std::map<std::string, std::size_t> offsets_;
};

Result<OptionValue, Complaint> encode_names(const Argument& argument, const OptionShape& shape) {
  NameWriter names;
  // On the wire a name is ASCII; one of another alphabet has its form beginning with xn--.
  const auto is_plain = [](char letter) { return letter >= ' ' && letter < 0x7f; };
  for (const Argument& field : argument.fields()) {
    if (field.empty() || !std::ranges::all_of(field.text(), is_plain) ||
        !names.append(field.text())) {
      return refuse(fmt::format("\"{}\" is no domain name", printable(field.text())),
                    "give names such as example.org, separated by commas");
    }
  }
  OptionValue value{.form = OptionValue::Form::Names};
  if (shape.content == SipServers) value.octets.push_back(0);  // RFC 3361 s.3.1: names follow
  value.octets.insert(value.octets.end(), names.octets().begin(), names.octets().end());
  return value;
}

Result<OptionValue, Complaint> encode(const Argument& argument, const OptionShape& shape,
                                      OptionUse use) {
  const std::string& syntax = argument.syntax();
  switch (shape.content) {
    case Addresses:
      return encode_addresses(argument, shape);
    case Name:
      return text_value(argument.text());
    case Time:
      return encode_time(argument);
    case SearchNames:
      if (use == OptionUse::Send) return encode_names(argument, shape);
      break;
    case SipServers:
      if (looks_like_addresses(syntax)) return encode_addresses(argument, shape);
      if (use == OptionUse::Send) return encode_names(argument, shape);
      break;
    case Plain:
      break;
  }
  if (looks_like_octets(syntax, use)) return encode_octets(argument);
  if (looks_like_a_number(syntax)) return encode_number(argument, shape);
  if (looks_like_addresses(syntax)) return encode_addresses(argument, shape);
  return text_value(argument.text());
}

}  // namespace

const OptionShape* find_option_shape(std::uint8_t code) {
  const auto* row = std::ranges::find(kShapes, code, &OptionShape::code);
  return row == kShapes.end() ? nullptr : row;
}

const OptionShape* find_option_shape(std::string_view name) {
  const std::string wanted = lower_case(name);
  const auto* row = std::ranges::find_if(
      kShapes, [&](const OptionShape& shape) { return lower_case(shape.name) == wanted; });
  return row == kShapes.end() ? nullptr : row;
}

std::string_view nearest_option_name(std::string_view name) {
  std::array<std::string_view, kShapes.size()> names;
  std::ranges::transform(kShapes, names.begin(), &OptionShape::name);
  return nearest_name(name, names).value_or("");
}

Result<OptionValue, Complaint> encode_option_value(const Argument& value, const OptionShape& shape,
                                                   OptionUse use) {
  auto encoded = encode(value, shape, use);
  if (encoded && encoded->octets.size() > 255) {
    return refuse(fmt::format("the value has {} octets", encoded->octets.size()),
                  "an option holds at most 255");
  }
  return encoded;
}

}  // namespace pxeproof::server
