#include <fmt/format.h>

#include "protocol/letter_case.h"
#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kLongestHardwareAddress = 16;  // the chaddr field

bool is_id_prefix(const Argument& field) { return lower_case(field.syntax()).starts_with("id:"); }

Judgement read_client_id(const Argument& id, DhcpHost& host) {
  if (id.syntax().starts_with('*')) {
    host.ignore_client_id = true;
    return {};
  }
  if (id.syntax().find(':') == std::string::npos) {
    const ByteView octets = as_bytes(id.text());
    host.client_id = Bytes(octets.begin(), octets.end());
    return {};
  }
  const auto octets = parse_hex_octets(id.syntax(), HardwareType::Foreign, 255);
  if (!octets) {
    return refuse(fmt::format("\"{}\" is no client identifier", printable(id.text())),
                  "write id:01:02:03, id:text without ':', or id:*");
  }
  host.client_id = octets->octets;
  return {};
}

Judgement read_hardware_address(ReaderSession& session, const Argument& field, DhcpHost& host) {
  auto mac = parse_hex_octets(field.syntax(), HardwareType::Allowed, kLongestHardwareAddress);
  if (!mac) {
    return refuse(fmt::format("\"{}\" is no hardware address", printable(field.text())),
                  "write b8:27:eb:01:02:03, with '*' for any octet");
  }
  if (mac->hardware_type && mac->octets.size() == 5) {
    session.warn(
        "mac-with-dashes",
        fmt::format("in \"{}\" the octet before the first '-' is a hardware type", field.text()),
        "write the address with ':' between its octets");
  }
  host.hardware.push_back({.octets = std::move(mac->octets),
                           .wildcard = std::move(mac->wildcard),
                           .hardware_type = mac->hardware_type});
  return {};
}

// A field with a ':' outside quotes: client identifier, tag, IPv6 address or hardware address.
Judgement read_field_with_colon(ReaderSession& session, const Argument& field, DhcpHost& host) {
  if (is_id_prefix(field)) return read_client_id(field.from(3), host);
  if (field.begins_with("net:") || field.begins_with("set:")) {
    host.set_tags.push_back(field.from(4).text());
    return {};
  }
  if (field.begins_with("tag:")) {
    host.conditions.push_back(tag_condition(field.from(4).text()));
    return {};
  }
  const std::string& syntax = field.syntax();
  if (syntax.starts_with('[') && syntax.ends_with(']')) {
    const std::string inside = syntax.substr(1, syntax.size() - 2);
    if (!is_ipv6_address(inside.substr(0, inside.find('/')))) {
      return refuse(fmt::format("\"{}\" is no IPv6 address", printable(field.text())),
                    "correct or remove it; network boot here uses IPv4 only");
    }
    return {};
  }
  return read_hardware_address(session, field, host);
}

Judgement read_host_address(ReaderSession& session, Ipv4Address address, DhcpHost& host) {
  // dnsmasq takes no address twice: one host would be offered it and then refused it.
  if (const auto other = session.claim_host_address(address)) {
    return refuse(fmt::format("{} already belongs to the dhcp-host at {}", to_string(address),
                              to_string(*other)),
                  "give each host its own address");
  }
  host.address = address;
  return {};
}

// A field without ':' that is no address: lease time, "ignore" or the host's name.
Judgement read_word(const Argument& field, DhcpHost& host) {
  if (field.is("ignore")) {
    host.ignore = true;
    return {};
  }
  std::string word = field.syntax();
  std::erase(word, ' ');
  if (word.empty() && field.text().find_first_not_of(' ') == std::string::npos) return {};
  const bool has_digit = word.find_first_of("0123456789") != std::string::npos;
  const auto lease = parse_lease_time(word);
  if (lease && (has_digit || lease->infinite)) {
    host.lease = lease->duration;
    host.lease_infinite = lease->infinite;
    return {};
  }
  // Like dnsmasq, takes the host's own label; the domain behind it says nothing here.
  std::string label = field.text().substr(0, field.text().find('.'));
  if (!is_host_name(label)) {
    return refuse(fmt::format("\"{}\" is no host name", printable(field.text())),
                  "use letters, digits and '-', beginning with a letter or digit");
  }
  host.name = std::move(label);
  return {};
}

}  // namespace

// dhcp-host=[mac..][,id:..][,set:t][,tag:t][,address][,name][,lease time][,ignore]
Judgement read_dhcp_host(ReaderSession& session, Argument argument) {
  DhcpHost host{.location = session.location()};
  for (const Argument& field : argument.fields()) {
    Judgement judgement;
    if (field.syntax().find(':') != std::string::npos) {
      judgement = read_field_with_colon(session, field, host);
    } else if (const auto address = parse_address(field.syntax())) {
      judgement = read_host_address(session, *address, host);
    } else {
      judgement = read_word(field, host);
    }
    if (!judgement) return judgement;
  }
  session.configuration().hosts.push_back(std::move(host));
  return {};
}

}  // namespace pxeproof::server
