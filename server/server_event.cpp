#include "server/server_event.h"

#include <fmt/format.h>

#include "protocol/bytes.h"
#include "protocol/dhcp/client_options.h"

namespace pxeproof::server {

namespace {

std::string client_text(const ServerEvent& event) {
  return event.client ? to_string(*event.client) : std::string();
}

std::string silent_line(const ServerEvent& event) {
  switch (event.reason) {
    case Reason::NoRange:
      return fmt::format("no address range available for DHCP request via {}", event.interface);
    case Reason::NoRangeForRelay:
      return fmt::format("no address range available for DHCP request via {}",
                         to_string(event.relay));
    case Reason::InterfaceWithoutAddress:
      return fmt::format("DHCP packet received on {} which has no address", event.interface);
    case Reason::CredentialsRequested:
      return "PXE BIS not supported";
    case Reason::ClientIgnored:
    case Reason::HostIgnored:
      return fmt::format("PXE({}) {} proxy-ignored", event.interface, client_text(event));
    case Reason::AddressesExhausted:
      return fmt::format("DHCPDISCOVER({}) {} no address available", event.interface,
                         client_text(event));
    case Reason::NoUniqueIdentifier:
      return fmt::format("DHCPDISCOVER({}) {} no unique-id", event.interface, client_text(event));
    case Reason::Released:
      return fmt::format("DHCPRELEASE({}) {} {}", event.interface, to_string(event.address),
                         client_text(event));
    case Reason::Declined:
      return fmt::format("DHCPDECLINE({}) {} {}", event.interface, to_string(event.address),
                         client_text(event));
    default:
      return {};
  }
}

std::vector<std::string> bare_lines(const ServerEvent& event) {
  const std::string client = client_text(event);
  const std::string& interface = event.interface;
  std::vector<std::string> lines;
  // The line of every PXE client, made without the detour.
  const bool is_proxy = event.kind == ServerEvent::Kind::ProxyOffered ||
                        event.kind == ServerEvent::Kind::ProxyAcknowledged;
  if (is_proxy && event.left_out == 0) {
    lines.push_back("PXE(" + interface + ") " + client + " proxy");
    return lines;
  }
  const std::string address = to_string(event.address);
  switch (event.kind) {
    case ServerEvent::Kind::Silent:
      if (std::string line = silent_line(event); !line.empty()) lines.push_back(std::move(line));
      break;
    case ServerEvent::Kind::ProxyOffered:
    case ServerEvent::Kind::ProxyAcknowledged:
      lines.push_back(fmt::format("PXE({}) {} proxy", interface, client));
      break;
    case ServerEvent::Kind::ItemAcknowledged:
      lines.push_back(
          fmt::format("PXE({}) {} {} {}", interface, address, client, printable(event.file)));
      break;
    case ServerEvent::Kind::AddressOffered:
      lines.push_back(fmt::format("DHCPDISCOVER({}) {}", interface, client));
      lines.push_back(fmt::format("DHCPOFFER({}) {} {}", interface, address, client));
      break;
    case ServerEvent::Kind::AddressLeased:
      lines.push_back(fmt::format("DHCPREQUEST({}) {} {}", interface, address, client));
      lines.push_back(fmt::format("DHCPACK({}) {} {} {}", interface, address, client,
                                  printable(event.host_name)));
      break;
    case ServerEvent::Kind::AddressRefused:
      lines.push_back(fmt::format("DHCPREQUEST({}) {} {}", interface, address, client));
      lines.push_back(
          fmt::format("DHCPNAK({}) {} {} {}", interface, address, client, event.refusal));
      break;
    case ServerEvent::Kind::Informed:
      lines.push_back(fmt::format("DHCPINFORM({}) {} {}", interface, address, client));
      lines.push_back(fmt::format("DHCPACK({}) {} {} {}", interface, address, client,
                                  printable(event.host_name)));
      break;
    case ServerEvent::Kind::RequestRelayed:
      lines.push_back(
          fmt::format("DHCP relay at {} -> {}", to_string(event.relay), to_string(event.server)));
      break;
    case ServerEvent::Kind::AnswerRelayed:
      break;  // dnsmasq says nothing either
  }
  if (event.left_out > 0) lines.push_back("PXE menu too large");
  for (std::string& line : lines) {
    while (line.ends_with(' ')) line.pop_back();
  }
  return lines;
}

std::string who(const ServerEvent& event) {
  std::string text = event.client ? to_string(*event.client) : to_string(event.source);
  if (event.architecture) text += ", " + dhcp::describe_architecture(*event.architecture);
  return text;
}

std::string what(const ServerEvent& event) {
  switch (event.kind) {
    case ServerEvent::Kind::Silent:
      return fmt::format("silent: {}", to_string(event.reason));
    case ServerEvent::Kind::ProxyOffered:
    case ServerEvent::Kind::ProxyAcknowledged:
    case ServerEvent::Kind::ItemAcknowledged: {
      const std::string file =
          event.file.empty() ? "ask on 4011" : fmt::format("file {}", printable(event.file));
      return fmt::format("{}, server {}, {}", to_string(event.kind), to_string(event.server), file);
    }
    case ServerEvent::Kind::RequestRelayed:
      return fmt::format("{} to {}", to_string(event.kind), to_string(event.server));
    case ServerEvent::Kind::AnswerRelayed:
      return fmt::format("{} to {}", to_string(event.kind), to_string(event.address));
    case ServerEvent::Kind::AddressRefused:
      return fmt::format("{} {}: {}", to_string(event.kind), to_string(event.address),
                         event.refusal);
    case ServerEvent::Kind::AddressOffered:
    case ServerEvent::Kind::AddressLeased:
    case ServerEvent::Kind::Informed:
      return fmt::format("{} {}", to_string(event.kind), to_string(event.address));
  }
  return {};
}

}  // namespace

std::string_view to_string(ServerEvent::Kind kind) {
  switch (kind) {
    case ServerEvent::Kind::Silent:
      return "silent";
    case ServerEvent::Kind::ProxyOffered:
      return "proxy offer";
    case ServerEvent::Kind::ProxyAcknowledged:
      return "proxy acknowledgement";
    case ServerEvent::Kind::ItemAcknowledged:
      return "boot item acknowledged";
    case ServerEvent::Kind::AddressOffered:
      return "offered";
    case ServerEvent::Kind::AddressLeased:
      return "leased";
    case ServerEvent::Kind::AddressRefused:
      return "refused";
    case ServerEvent::Kind::Informed:
      return "informed";
    case ServerEvent::Kind::RequestRelayed:
      return "request relayed";
    case ServerEvent::Kind::AnswerRelayed:
      return "answer relayed";
  }
  return {};
}

std::vector<std::string> log_lines(const ServerEvent& event, LogStyle style) {
  std::vector<std::string> lines = bare_lines(event);
  if (style == LogStyle::WithXid) {
    for (std::string& line : lines) line.insert(0, fmt::format("{} ", event.xid));
  }
  return lines;
}

std::string describe(const ServerEvent& event) {
  const std::string_view port = event.port == ServerPort::Dhcp ? "67" : "4011";
  const std::string type =
      event.request ? std::string(dhcp::to_string(*event.request)) : std::string("datagram");
  return fmt::format("{} on {} via {} from {}: {}", type, port, event.interface, who(event),
                     what(event));
}

}  // namespace pxeproof::server
