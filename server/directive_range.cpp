#include <fmt/format.h>

#include <algorithm>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kLongestInterfaceName = 15;  // the kernel's limit
constexpr std::string_view kRangeForm =
    "write dhcp-range=<network>,proxy or dhcp-range=<first>,<last>,<lease time>";

bool looks_like_an_address(const Argument& field) {
  return field.syntax().find_first_not_of(" .:abcdefABCDEF0123456789") == std::string::npos;
}

// Takes the tags in front of the first address.
Judgement take_range_tags(Argument& argument, DhcpRange& range) {
  while (true) {
    Argument field = argument;
    std::optional<Argument> rest = field.cut();
    if (!rest || looks_like_an_address(field)) return {};
    if (is_tag_condition(field)) {
      const Argument name = field.from(4);
      if (!name.empty()) range.conditions.push_back(tag_condition(name.text()));
    } else if (field.begins_with("interface:")) {
      range.interface = field.from(10).text();
    } else if (!range.set_tags.empty()) {
      return refuse(
          fmt::format("a range can set one tag, and \"{}\" would be the second", field.text()),
          "remove it, or set it with tag-if");
    } else {
      range.set_tags.push_back(set_tag_name(field));
    }
    argument = *std::move(rest);
  }
}

// Reads what stands behind the start address: end or mode, netmask, broadcast, lease time.
Judgement read_range_fields(const std::vector<Argument>& fields, DhcpRange& range) {
  if (fields[1].is("proxy")) {
    range.kind = DhcpRange::Kind::Proxy;
  } else if (fields[1].is("static")) {
    range.kind = DhcpRange::Kind::Static;
  } else {
    range.kind = DhcpRange::Kind::Pool;
    const auto end = parse_address(fields[1].syntax());
    if (!end) {
      return refuse(fmt::format("\"{}\" is neither an address nor \"proxy\" or \"static\"",
                                printable(fields[1].text())),
                    std::string(kRangeForm));
    }
    range.end = *end;
    if (range.end < range.start) std::swap(range.start, range.end);
  }
  std::size_t next = 2;
  if (next < fields.size()) {
    range.netmask = parse_address(fields[next].syntax());
    if (range.netmask) ++next;
  }
  if (range.netmask && next < fields.size()) {
    range.broadcast = parse_address(fields[next].syntax());
    if (range.broadcast) ++next;
  }
  if (range.netmask && !is_netmask(*range.netmask)) {
    return refuse(fmt::format("{} is no netmask", to_string(*range.netmask)),
                  "give one such as 255.255.255.0");
  }
  if (range.netmask && !Subnet{range.start, *range.netmask}.contains(range.end)) {
    return refuse(
        fmt::format("{} and {} are not in one network of netmask {}", to_string(range.start),
                    to_string(range.end), to_string(*range.netmask)),
        "correct the addresses or the netmask");
  }
  if (next == fields.size()) return {};
  const Argument& last = fields[next];
  if (next + 1 != fields.size()) {
    return refuse(fmt::format("nothing may follow \"{}\"", printable(last.text())),
                  "the order is start, end, netmask, broadcast, lease time");
  }
  // Of IPv6; dnsmasq reads it in IPv4 ranges, too, where it changes nothing.
  if (last.is("deprecated")) return {};
  const auto lease = parse_lease_time(last.syntax());
  if (!lease) {
    return refuse(fmt::format("\"{}\" is no netmask and no lease time", printable(last.text())),
                  "give a time such as 45m, 12h or infinite");
  }
  range.lease = lease->duration;
  range.lease_infinite = lease->infinite;
  return {};
}

}  // namespace

Judgement read_dhcp_range(ReaderSession& session, Argument argument) {
  DhcpRange range{.location = session.location()};
  if (Judgement tags = take_range_tags(argument, range); !tags) return tags;
  const std::vector<Argument> fields = argument.fields();
  if (fields.size() < 2) {
    return refuse("dhcp-range needs a start address and an end or a mode", std::string(kRangeForm));
  }
  if (is_ipv6_address(fields[0].syntax())) {
    session.ignore("DHCPv6");
    return {};
  }
  const auto start = require_address(fields[0], "address");
  if (!start) return fail(start.error());
  range.start = *start;
  range.end = *start;
  if (Judgement rest = read_range_fields(fields, range); !rest) return rest;
  session.configuration().ranges.push_back(std::move(range));
  return {};
}

Judgement read_reply_delay(ReaderSession& session, Argument argument) {
  auto conditions = take_tag_conditions(argument);
  if (!conditions) return fail(conditions.error());
  const auto seconds = require_decimal(argument, "number of seconds", 3600);
  if (!seconds) return fail(seconds.error());
  session.configuration().reply_delays.push_back({.conditions = *std::move(conditions),
                                                  .delay = std::chrono::seconds(*seconds),
                                                  .location = session.location()});
  return {};
}

Judgement read_alternate_port(ReaderSession& session, const std::optional<Argument>& argument) {
  Configuration& configuration = session.configuration();
  if (!argument) {
    configuration.dhcp_server_port = 1067;
    configuration.dhcp_client_port = 1068;
    return {};
  }
  Argument server = *argument;
  const std::optional<Argument> client = server.cut();
  const auto server_port = require_decimal(server, "port", 0xffff);
  if (!server_port) return fail(server_port.error());
  configuration.dhcp_server_port = static_cast<std::uint16_t>(*server_port);
  configuration.dhcp_client_port = static_cast<std::uint16_t>(*server_port + 1);
  if (!client) return {};
  const auto client_port = require_decimal(*client, "port", 0xffff);
  if (!client_port) return fail(client_port.error());
  configuration.dhcp_client_port = static_cast<std::uint16_t>(*client_port);
  return {};
}

// shared-network=<interface or address>,<address>
Judgement read_shared_network(ReaderSession& session, Argument argument) {
  const std::optional<Argument> address = argument.cut();
  if (!address || argument.empty()) {
    return refuse("shared-network needs an interface or address, and an address",
                  "write shared-network=eth0,192.168.4.1");
  }
  if (is_ipv6_address(address->syntax())) {
    session.ignore("DHCPv6");
    return {};
  }
  const auto network_of = require_address(*address, "address");
  if (!network_of) return fail(network_of.error());
  SharedNetwork shared{.address = parse_address(argument.syntax()), .network_of = *network_of};
  if (!shared.address) shared.interface = argument.text();
  session.configuration().shared_networks.push_back(std::move(shared));
  return {};
}

// bridge-interface=<interface>,<alias>[,<alias>]
Judgement read_bridge_interface(ReaderSession& session, Argument argument) {
  const std::optional<Argument> aliases = argument.cut();
  if (!aliases || argument.empty()) {
    return refuse("bridge-interface needs an interface and its aliases",
                  "write bridge-interface=br0,tap0,tap1");
  }
  if (argument.text().size() > kLongestInterfaceName) {
    return refuse(fmt::format("no interface is called \"{}\"", printable(argument.text())),
                  "names of interfaces have at most 15 octets");
  }
  BridgeInterface bridge{.interface = argument.text()};
  for (const Argument& alias : aliases->fields()) bridge.aliases.push_back(alias.text());
  session.configuration().bridge_interfaces.push_back(std::move(bridge));
  return {};
}

Judgement read_lease_maximum(ReaderSession& session, Argument argument) {
  const auto maximum = require_decimal(argument, "number of leases");
  if (!maximum) return fail(maximum.error());
  session.configuration().maximum_leases = *maximum;
  return {};
}

}  // namespace pxeproof::server
