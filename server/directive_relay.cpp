#include <fmt/format.h>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::string_view kExample = "write dhcp-relay=192.168.1.1,10.0.0.1 or 192.168.1.1,eth1";

Judgement check_ipv6_relay(const std::vector<Argument>& fields) {
  const std::string& second = fields[1].syntax();
  const bool is_interface = fields.size() == 2 && second.find('*') == std::string::npos;
  if (is_ipv6_address(second.substr(0, second.find('#'))) || is_interface) return {};
  return refuse(fmt::format("\"{}\" is no server's address", printable(fields[1].text())),
                std::string(kExample));
}

// "address[#port]" into the relay; false when it is none.
Result<bool, Complaint> read_server(const Argument& field, DhcpRelay& relay) {
  const std::string& text = field.syntax();
  const std::size_t hash = text.find('#');
  relay.server = parse_address(text.substr(0, hash));
  if (!relay.server) return false;
  if (hash != std::string::npos) {
    const auto port = parse_decimal(text.substr(hash + 1), 0xffff);
    if (!port) {
      return refuse(fmt::format("\"{}\" has no port", printable(field.text())),
                    "write 10.0.0.1#67");
    }
    relay.port = static_cast<std::uint16_t>(*port);
  }
  if (relay.server->is_unspecified()) relay.server.reset();
  return true;
}

}  // namespace

// dhcp-relay=own address[,server[#port]][,interface]
Judgement read_dhcp_relay(ReaderSession& session, Argument argument) {
  const std::vector<Argument> fields = argument.fields();
  const auto local = parse_address(fields[0].syntax());
  if (fields.size() < 2 || (!local && !is_ipv6_address(fields[0].syntax()))) {
    return refuse("an address of this machine and a server's are needed", std::string(kExample));
  }
  if (!local) {
    session.ignore("DHCPv6");
    return check_ipv6_relay(fields);
  }
  DhcpRelay relay{.local = *local, .location = session.location()};
  const auto has_server = read_server(fields[1], relay);
  if (!has_server) return fail(has_server.error());
  if (fields.size() > 2) {
    relay.interface = fields[2].text();
  } else if (!*has_server) {
    relay.interface = fields[1].text();
  }
  const bool is_broadcast = !relay.server;
  const bool is_one = !relay.interface.empty() && relay.interface.find('*') == std::string::npos;
  if (*has_server ? is_broadcast && !is_one : fields.size() > 2 || !is_one) {
    return refuse(fmt::format("\"{}\" is no server's address", printable(fields[1].text())),
                  std::string(kExample));
  }
  session.configuration().relays.push_back(std::move(relay));
  return {};
}

// dhcp-proxy[=relay's address[,...]]
Judgement read_dhcp_proxy(ReaderSession& session, const std::optional<Argument>& argument) {
  auto& relays = session.configuration().full_proxies;
  if (!relays) relays.emplace();
  if (!argument) return {};
  for (const Argument& field : argument->fields()) {
    const auto address = require_address(field, "address of a relay");
    if (!address) return fail(address.error());
    relays->push_back(*address);
  }
  return {};
}

Judgement accept_split_relay(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (argument && argument->fields().size() >= 2) return {};
  return refuse("addresses and an interface are needed",
                "write dhcp-split-relay=192.168.1.1,10.0.0.1,eth1");
}

}  // namespace pxeproof::server
