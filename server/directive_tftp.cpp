#include <fmt/format.h>

#include "protocol/letter_case.h"
#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

Judgement read_enable_tftp(ReaderSession& session, const std::optional<Argument>& argument) {
  TftpConfiguration& tftp = session.configuration().tftp;
  tftp.enabled = true;
  if (!argument) return {};
  for (const Argument& field : argument->fields()) tftp.interfaces.push_back(field.text());
  return {};
}

// tftp-root=directory[,interface]
Judgement read_tftp_root(ReaderSession& session, Argument argument) {
  TftpConfiguration& tftp = session.configuration().tftp;
  const std::optional<Argument> interface = argument.cut();
  if (interface) {
    // dnsmasq keeps the first root it was given for an interface.
    tftp.interface_roots.try_emplace(interface->text(), argument.text());
    return {};
  }
  tftp.root = argument.text();
  tftp.root_location = session.location();
  return {};
}

Judgement read_tftp_unique_root(ReaderSession& session, const std::optional<Argument>& argument) {
  TftpConfiguration& tftp = session.configuration().tftp;
  const std::string way = argument ? lower_case(argument->syntax()) : "ip";
  if (way == "ip") {
    tftp.unique_root = TftpConfiguration::UniqueRoot::ByAddress;
    return {};
  }
  if (way == "mac") {
    tftp.unique_root = TftpConfiguration::UniqueRoot::ByMac;
    return {};
  }
  return refuse(fmt::format("\"{}\" is no way to make a root unique", printable(argument->text())),
                "write tftp-unique-root=ip or tftp-unique-root=mac");
}

Judgement read_tftp_max(ReaderSession& session, Argument argument) {
  const auto maximum = require_decimal(argument, "number of transfers");
  if (!maximum) return fail(maximum.error());
  session.configuration().tftp.maximum_transfers = *maximum;
  return {};
}

Judgement read_tftp_mtu(ReaderSession& session, Argument argument) {
  const auto mtu = require_decimal(argument, "MTU", 0xffff);
  if (!mtu) return fail(mtu.error());
  session.configuration().tftp.mtu = *mtu;
  return {};
}

Judgement read_tftp_port_range(ReaderSession& session, Argument argument) {
  const std::optional<Argument> end = argument.cut();
  const auto first = parse_decimal(argument.text(), 0xffff);
  const auto last = end ? parse_decimal(end->text(), 0xffff) : std::nullopt;
  if (!first || !last) {
    return refuse("tftp-port-range needs two ports up to 65535",
                  "write tftp-port-range=20000,20999");
  }
  const auto ports = std::minmax(*first, *last);
  if (ports.first == 0) {
    session.warn("port-range-from-zero",
                 fmt::format("a tftp-port-range with port 0 ({},{}) is none: the kernel chooses "
                             "ports, here as in dnsmasq",
                             *first, *last),
                 "begin it at a port from 1 on, such as tftp-port-range=20000,20999");
    session.configuration().tftp.port_range.reset();
    return {};
  }
  if (*first > *last) {
    session.warn("reversed-port-range",
                 fmt::format("tftp-port-range={},{} names the higher port first; it is taken as "
                             "{},{}, here as in dnsmasq",
                             *first, *last, *last, *first),
                 fmt::format("write tftp-port-range={},{}", *last, *first));
  }
  session.configuration().tftp.port_range = {static_cast<std::uint16_t>(ports.first),
                                             static_cast<std::uint16_t>(ports.second)};
  return {};
}

}  // namespace pxeproof::server
