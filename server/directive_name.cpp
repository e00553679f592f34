#include <fmt/format.h>

#include <algorithm>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/host_names.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kMaximumLabel = 63;

// dnsmasq's rule for names; a name outside ASCII is the locale's matter there, and nobody's here.
Judgement check_domain_name(std::string_view name) {
  const auto is_control = [](char letter) { return letter == 0x7f || (letter > 0 && letter < 32); };
  bool is_good = std::ranges::none_of(name, is_control);
  std::size_t label = 0;
  for (const char letter : name) {
    label = letter == '.' || letter == '/' ? 0 : label + 1;
    is_good = is_good && label <= kMaximumLabel;
  }
  if (is_good) return {};
  return refuse(fmt::format("\"{}\" is no name", printable(name)),
                "write labels of at most 63 printable characters, with dots between them");
}

void add_domain_of_network(ReaderSession& session, std::string name, Ipv4Address address,
                           std::uint32_t length) {
  const Ipv4Address mask{length == 0 ? 0 : 0xffffffffU << (32 - length)};
  session.configuration().domains.push_back({.name = std::move(name),
                                             .first = {address.value & mask.value},
                                             .last = {address.value | ~mask.value},
                                             .interface = {}});
}

}  // namespace

// host-record=name[,name][,IPv4][,IPv6][,ttl]
Judgement read_host_record(ReaderSession& session, Argument argument) {
  const std::vector<Argument> fields = argument.fields();
  if (fields.size() < 2) {
    return refuse("host-record needs a name and an address",
                  "write host-record=boot.example.org,192.168.1.10");
  }
  std::vector<std::string> names;
  std::optional<Ipv4Address> address;
  for (const Argument& field : fields) {
    if (parse_decimal(field.syntax()) || is_ipv6_address(field.syntax())) continue;
    if (const auto ipv4 = parse_address(field.syntax())) {
      address = ipv4;
    } else {
      names.push_back(field.text());
    }
  }
  for (const std::string& name : names) {
    if (const Judgement judged = check_domain_name(name); !judged) return judged;
  }
  if (!address) return {};
  for (const std::string& name : names) add_host(session.configuration(), name, *address);
  return {};
}

// address=/domain[/domain...]/[address]. Without address, or with '#', the domain is denied.
Judgement read_address(ReaderSession& session, Argument argument) {
  const std::string& text = argument.text();
  const std::size_t last = text.rfind('/');
  const std::string value = last == std::string::npos ? text : text.substr(last + 1);
  const auto address = parse_address(value);
  if (!address && !value.empty() && value != "#" && !is_ipv6_address(value)) {
    return refuse(fmt::format("\"{}\" is no address", printable(value)),
                  "write address=/boot.example.org/192.168.1.10");
  }
  if (last != std::string::npos && last > 0 && !text.starts_with('/')) {
    return refuse(fmt::format("\"{}\" does not begin with '/'", printable(text)),
                  "write address=/boot.example.org/192.168.1.10");
  }
  if (!address || last == std::string::npos) return {};
  if (const Judgement judged = check_domain_name(text.substr(0, last)); !judged) return judged;
  std::size_t at = 0;
  while (at < last) {
    const std::size_t end = text.find('/', at);
    if (end > at) add_host_name(session.configuration(), text.substr(at, end - at), *address);
    at = end + 1;
  }
  return {};
}

// domain=name[,network/length[,local]] or domain=name[,first[,last]] or domain=name[,interface].
Judgement read_domain(ReaderSession& session, Argument argument) {
  const std::optional<Argument> rest = argument.cut();
  if (const Judgement name = check_domain_name(argument.text()); !name) return name;
  if (!rest) {
    session.configuration().domain = argument.text();
    return {};
  }
  const std::vector<Argument> range = rest->fields();
  const std::string& first = range[0].syntax();
  if (range.size() > 2) {
    return refuse(fmt::format("\"{}\" follows the range", printable(range[2].text())),
                  "write domain=example.org,192.168.1.1,192.168.1.99");
  }
  if (const std::size_t slash = first.find('/'); slash != std::string::npos) {
    const auto address = parse_address(first.substr(0, slash));
    if (!address && !is_ipv6_address(first.substr(0, slash))) {
      return refuse(fmt::format("\"{}\" is no network", printable(first)), "write 192.168.1.0/24");
    }
    const auto length = parse_decimal(first.substr(slash + 1), address ? 32 : 128);
    if (!length) {
      return refuse(fmt::format("\"{}\" has no length of a network", printable(first)),
                    "write 192.168.1.0/24");
    }
    if (range.size() > 1 && !range[1].is("local")) {
      return refuse(fmt::format("\"{}\" follows the network", printable(range[1].text())),
                    "only local may");
    }
    if (address) add_domain_of_network(session, argument.text(), *address, *length);
    return {};
  }
  const bool is_range = parse_address(first) || is_ipv6_address(first);
  if (!is_range && range.size() > 1) {
    return refuse(fmt::format("\"{}\" is no address", printable(range[0].text())),
                  "give the first address of the range, or an interface alone");
  }
  if (is_range && range.size() > 1 && !parse_address(range[1].syntax()) &&
      !is_ipv6_address(range[1].syntax())) {
    return refuse(fmt::format("\"{}\" is no address", printable(range[1].text())),
                  "give the last address of the range");
  }
  DomainRange domain{.name = argument.text()};
  if (!is_range) {
    domain.interface = range[0].text();
  } else if (const auto address = parse_address(first)) {
    domain.first = *address;
    domain.last = range.size() > 1 ? parse_address(range[1].syntax()).value_or(*address) : *address;
  } else {
    return {};
  }
  session.configuration().domains.push_back(std::move(domain));
  return {};
}

}  // namespace pxeproof::server
