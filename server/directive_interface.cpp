#include <fmt/format.h>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

void append_names(const Argument& argument, std::vector<std::string>& names) {
  for (const Argument& field : argument.fields()) names.push_back(field.text());
}

}  // namespace

Judgement read_port(ReaderSession& session, Argument argument) {
  const auto port = require_decimal(argument, "port", 0xffff);
  if (!port) return fail(port.error());
  session.configuration().dns_port = static_cast<std::uint16_t>(*port);
  return {};
}

// An empty name means "no interface but loopback", as in dnsmasq: no interface is called so.
Judgement read_interface(ReaderSession& session, Argument argument) {
  append_names(argument, session.configuration().interfaces);
  return {};
}

Judgement read_except_interface(ReaderSession& session, Argument argument) {
  append_names(argument, session.configuration().except_interfaces);
  return {};
}

Judgement read_no_dhcp_interface(ReaderSession& session, Argument argument) {
  append_names(argument, session.configuration().no_dhcp_interfaces);
  return {};
}

Judgement read_listen_address(ReaderSession& session, Argument argument) {
  for (const Argument& field : argument.fields()) {
    if (is_ipv6_address(field.text())) {
      session.ignore("IPv6");
      continue;
    }
    const auto address = parse_address(field.text());
    if (!address) {
      return refuse(fmt::format("\"{}\" is no address", printable(field.text())),
                    "give an address of this machine, or name the interface with interface=");
    }
    session.configuration().listen_addresses.push_back(*address);
  }
  return {};
}

}  // namespace pxeproof::server
