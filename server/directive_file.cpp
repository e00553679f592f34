#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

// The facilities of syslog, as dnsmasq names them.
constexpr std::array<std::string_view, 23> kFacilities = {
    "auth",   "authpriv", "cron",     "daemon", "ftp",    "kern",   "lpr",    "mail",
    "mark",   "news",     "security", "syslog", "user",   "uucp",   "local0", "local1",
    "local2", "local3",   "local4",   "local5", "local6", "local7", "console"};

}  // namespace

Judgement read_conf_file(ReaderSession& session, const std::optional<Argument>& argument) {
  if (!argument || argument->empty()) return {};
  return session.include_file(argument->text());
}

// conf-dir=directory[,.suffix to leave out][,*.suffix to read]
Judgement read_conf_dir(ReaderSession& session, Argument argument) {
  std::vector<std::string> suffixes;
  const std::optional<Argument> rest = argument.cut();
  if (rest) {
    for (const Argument& field : rest->fields()) suffixes.push_back(field.text());
  }
  if (argument.empty()) return {};
  return session.include_directory(argument.text(), suffixes);
}

Judgement read_log_facility(ReaderSession& session, Argument argument) {
  const std::string& facility = argument.text();
  const bool is_file = facility.find('/') != std::string::npos || facility == "-";
  const bool is_known = std::ranges::find(kFacilities, lower_case(facility)) != kFacilities.end();
  if (!is_file && !is_known) {
    return refuse(
        fmt::format("\"{}\" is neither a facility of syslog nor a file", printable(facility)),
        "write daemon, local0 to local7, a path with '/', or - for standard error");
  }
  session.configuration().log_facility = facility;
  return {};
}

Judgement accept_anything(ReaderSession& /*session*/, const std::optional<Argument>& /*argument*/) {
  return {};
}

Judgement accept_number(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (!argument) return {};
  for (const Argument& field : argument->fields()) {
    if (const auto number = require_decimal(field, "number"); !number) return fail(number.error());
  }
  return {};
}

Judgement accept_port(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (!argument) return {};
  const auto port = require_decimal(*argument, "port", 0xffff);
  if (!port) return fail(port.error());
  return {};
}

Judgement accept_address(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (!argument) return {};
  for (const Argument& field : argument->fields()) {
    // A network "address/length" is as good.
    const std::string address = field.text().substr(0, field.text().find('/'));
    if (parse_address(address) || is_ipv6_address(address)) continue;
    return refuse(fmt::format("\"{}\" is no address", printable(field.text())),
                  "give an IPv4 or IPv6 address");
  }
  return {};
}

// dhcp-relay=own address[,server[#port]][,interface]: our syntax is checked, and no more.
Judgement accept_relay(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  const std::vector<Argument> fields = argument.value_or(Argument{}).fields();
  const bool is_ipv4 = parse_address(fields[0].syntax()).has_value();
  if (fields.size() < 2 || (!is_ipv4 && !is_ipv6_address(fields[0].syntax()))) {
    return refuse("an address of this machine and a server's are needed",
                  "write dhcp-relay=192.168.1.1,10.0.0.1");
  }
  const std::string& second = fields[1].syntax();
  const std::string server = second.substr(0, second.find('#'));
  const bool is_server = is_ipv4 ? parse_address(server).has_value() : is_ipv6_address(server);
  // Alone, the second may be the interface to broadcast on, which then has to be one interface.
  if (is_server || (fields.size() == 2 && second.find('*') == std::string::npos)) return {};
  return refuse(fmt::format("\"{}\" is no server's address", printable(fields[1].text())),
                "write dhcp-relay=192.168.1.1,10.0.0.1,eth1");
}

Judgement accept_fields(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (argument && argument->syntax().find(',') != std::string::npos) return {};
  return refuse("at least two values are needed", "separate them by a comma");
}

}  // namespace pxeproof::server
