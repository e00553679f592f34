#include "cli/look_round.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/serve_directory.h"
#include "live/monotonic_clock.h"

namespace pxeproof::cli {

namespace {

// A directory's server has a range for every network; only options take one of them away.
bool is_served(const RunningServer& server, const NetworkInterface& interface) {
  const server::DhcpServer* dhcp = server.dhcp();
  return dhcp != nullptr && dhcp->reach_of(interface.index) == server::DhcpServer::Reach::Clients;
}

std::string why_not_served(const server::Configuration& configuration) {
  struct Cause {
    bool is_given;
    std::string_view option;
  };
  const std::array causes{
      Cause{!configuration.interfaces.empty(), "--interface"},
      Cause{!configuration.listen_addresses.empty(), "--listen-address"},
      Cause{!configuration.except_interfaces.empty(), "--except-interface"},
      Cause{!configuration.no_dhcp_interfaces.empty(), "--no-dhcp-interface"},
  };
  std::string text;
  for (const Cause& cause : causes) {
    if (cause.is_given) text += fmt::format("{}{}", text.empty() ? " (" : ", ", cause.option);
  }
  return text.empty() ? text : text + ")";
}

bool is_network(const NetworkInterface& interface) {
  return !interface.addresses.empty() && interface.mac != MacAddress{};
}

}  // namespace

std::string describe_service(const RunningServer& server, const NetworkInterface& interface) {
  const server::Configuration& configuration = server.configuration();
  return is_served(server, interface) ? describe_services(configuration)
                                      : "not served" + why_not_served(configuration);
}

std::vector<std::string> describe_networks(const RunningServer& server) {
  std::vector<std::string> lines;
  for (const NetworkInterface& interface : server.interfaces()) {
    if (!is_network(interface)) continue;
    lines.push_back(describe_address(interface) + "   " + describe_service(server, interface));
  }
  return lines;
}

LookRound::LookRound(const RunningServer& server, std::uint64_t seed, Print print)
    : server_(server), print_(std::move(print)) {
  DhcpProbe::Options options{.seed = seed};
  for (const NetworkInterface& interface : server.interfaces()) {
    for (const Subnet& subnet : interface.addresses) options.own.push_back(subnet.address);
    if (is_network(interface)) networks_.push_back({.interface = interface});
  }
  for (Network& network : networks_) {
    if (is_served(server, network.interface)) ask(network, options);
  }
}

void LookRound::ask(Network& network, DhcpProbe::Options options) {
  network.probe.emplace(network.interface, std::move(options), live::now());
  auto port = live::PacketPort::open(network.interface.name);
  if (!port) {
    network.seen = "DHCP servers not looked for: " + port.error().message + "   ";
    return;
  }
  network.port.emplace(std::move(*port));
  network.port->send(std::array{network.probe->question()});
}

bool LookRound::is_asked(const Network& network) {
  return network.probe.has_value() && network.seen.empty();
}

void LookRound::close() {
  for (Network& network : networks_) network.port.reset();
}

void LookRound::on_event(const server::ServerEvent& event) {
  // A relay's clients are on another network, and what comes to 4011 is for a proxy.
  const bool is_chosen = event.kind == server::ServerEvent::Kind::Silent &&
                         event.port == server::ServerPort::Dhcp && event.relay.is_unspecified();
  if (!is_chosen || event.server.is_unspecified()) return;
  for (Network& network : networks_) {
    if (!network.probe || network.interface.name != event.interface) continue;
    const bool is_new =
        network.probe->on_server({.address = event.server, .kind = SeenDhcpServer::Kind::Leases});
    if (!is_new || !network.is_told) continue;
    print_(describe_address(network.interface) + "   " + describe(network.probe->servers()));
  }
}

std::set<MacAddress> LookRound::askers() const {
  std::set<MacAddress> askers;
  for (const Network& network : networks_) {
    if (network.port) askers.insert(probing_address(network.interface.mac));
  }
  return askers;
}

bool LookRound::is_over() const { return std::ranges::all_of(networks_, &Network::is_told); }

std::vector<int> LookRound::descriptors() const {
  std::vector<int> descriptors;
  for (const Network& network : networks_) {
    if (network.port) descriptors.push_back(network.port->descriptor());
  }
  return descriptors;
}

std::optional<Instant> LookRound::deadline() const {
  std::optional<Instant> earliest;
  for (const Network& network : networks_) {
    if (network.is_told) continue;
    const Instant due = is_asked(network) ? network.probe->poll_timeout() : Instant{};
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

live::Activity LookRound::on_wake(Instant now) {
  for (Network& network : networks_) {
    while (network.port) {
      const auto batch = network.port->receive();
      if (!batch || batch->empty()) break;
      for (const ByteView frame : *batch) network.probe->on_frame(frame);
    }
    const bool is_known = !is_asked(network) || network.probe->is_over(now);
    if (is_known && !network.is_told) tell(network);
  }
  return live::Activity::Idle;
}

// What is served is told as it is now: the configuration may have been read again.
void LookRound::tell(Network& network) {
  network.is_told = true;
  const std::string seen =
      is_asked(network) ? describe(network.probe->servers()) + "   " : network.seen;
  print_(fmt::format("{}   {}{}", describe_address(network.interface), seen,
                     describe_service(server_, network.interface)));
}

}  // namespace pxeproof::cli
