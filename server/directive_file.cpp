#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/letter_case.h"
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

// conf-script=program[ argument...]
Judgement read_conf_script(ReaderSession& session, Argument argument) {
  return session.include_output(argument.text());
}

Judgement read_dhcp_script(ReaderSession& session, Argument argument) {
  ScriptConfiguration& script = session.configuration().script;
  script.program = argument.text();
  script.location = session.location();
  return {};
}

// dumpmask=number, in C's notation: 0x1000 or 4096.
Judgement read_dump_mask(ReaderSession& session, Argument argument) {
  std::string_view digits = argument.syntax();
  const bool is_hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  if (is_hexadecimal) digits.remove_prefix(2);
  std::uint32_t mask = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), mask, is_hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return refuse(fmt::format("\"{}\" is no mask", printable(argument.text())),
                  "write 0x1000 for DHCP, 0x8000 for TFTP, 0x9000 for both");
  }
  session.configuration().dump.mask = mask;
  return {};
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

Judgement accept_fields(ReaderSession& /*session*/, const std::optional<Argument>& argument) {
  if (argument && argument->syntax().find(',') != std::string::npos) return {};
  return refuse("at least two values are needed", "separate them by a comma");
}

}  // namespace pxeproof::server
