#include "cli/fleet_ground.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/tftp_options.h"

namespace pxeproof::cli {

namespace {

constexpr std::uint32_t kServers = 8;  // addresses that are not for clients
constexpr std::uint32_t kWidest = 8;   // bits of the shortest prefix

bool wants_efi(const FleetOptions& options) {
  constexpr std::uint16_t kFirstEfiArchitecture = 6;
  return std::ranges::any_of(options.mix, [](const FleetOptions::Share& share) {
    return share.profile->architecture >= kFirstEfiArchitecture;
  });
}

Subnet inside_of(std::size_t relay) {
  constexpr std::uint8_t kFirst = 101;
  return {Ipv4Address::of(10, static_cast<std::uint8_t>(kFirst + relay), 0, 1),
          Ipv4Address::of(255, 255, 0, 0)};
}

// What the boot server's configuration must say of the subnets behind relays.
std::vector<std::string> relay_lines(std::size_t relays, bool hands_out_addresses) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < relays; ++i) {
    const Subnet inside = inside_of(i);
    lines.push_back(hands_out_addresses
                        ? fmt::format("dhcp-range={},{},{}",
                                      to_string(Ipv4Address{inside.address.value + 1}),
                                      to_string(Ipv4Address{inside.broadcast().value - 1}),
                                      to_string(inside.netmask))
                        : fmt::format("dhcp-range={},proxy,{}", to_string(inside.network()),
                                      to_string(inside.netmask)));
  }
  return lines;
}

// Nothing is written where the servers read.
Outcome<void> check_tree(const FleetOptions& options, const server::Configuration& configuration) {
  if (!configuration.tftp.enabled) return {};
  std::vector<OutputFile> outputs = options.outputs();
  if (options.keep_failures > 0) outputs.push_back({"--keep-in", options.keep_directory});
  std::vector<std::string> roots{configuration.tftp.root};
  for (const auto& [interface, root] : configuration.tftp.interface_roots) roots.push_back(root);
  for (const std::string& root : roots) {
    auto checked = check_outside(outputs, {"the configuration's tftp-root", root});
    if (!checked) return checked;
  }
  return {};
}

// Widens the lab's subnet until the addresses behind the servers' suffice.
void widen(LabPlan& plan, std::size_t clients) {
  const std::uint32_t wanted = static_cast<std::uint32_t>(clients) + kServers;
  std::uint32_t mask = plan.boot_server.netmask.value;
  const std::uint32_t last_server =
      std::max(plan.boot_server.address.value, plan.address_server->address.value);
  const auto room = [last_server](std::uint32_t netmask) {
    return (last_server | ~netmask) - last_server;
  };
  while (room(mask) < wanted && mask != (~std::uint32_t{0} << (32 - kWidest))) mask <<= 1U;
  plan.boot_server.netmask = {mask};
  plan.address_server->netmask = {mask};
  plan.first_lease = {last_server + 1};
  plan.last_lease = {(last_server | ~mask) - 1};
}

}  // namespace

std::size_t fleet_heap(std::size_t clients) {
  constexpr std::size_t kMachine = 8 << 10;
  constexpr std::size_t kMost = 256 << 20;
  return std::min(clients * kMachine, kMost);
}

Outcome<LabConfiguration> prepare_fleet_lab(const FleetOptions& options, std::size_t clients) {
  const ArticleFor article = wants_efi(options) ? ArticleFor::Uefi : ArticleFor::Bios;
  auto lab = prepare_lab(options.target, article, options.server_lines);
  if (!lab) return lab;
  if (lab->text.empty()) {
    if (auto checked = check_tree(options, lab->configuration); !checked) {
      return fail(checked.error());
    }
  }
  if (options.relays > 0) {
    std::vector<std::string> lines = options.server_lines;
    const auto more = relay_lines(options.relays, !lab->plan.address_server);
    lines.insert(lines.end(), more.begin(), more.end());
    lab = prepare_lab(options.target, article, lines);
    if (!lab) return lab;
  }
  const bool states_netmask = lab->configuration.ranges.front().netmask.has_value();
  if (lab->plan.address_server && !states_netmask) {
    widen(lab->plan, clients + options.relays);
  }
  for (std::size_t i = 0; i < options.relays; ++i) {
    // The routers take the last addresses of the servers' subnet.
    const auto from_end = static_cast<std::uint32_t>(i) + 1;
    lab->plan.relayed.push_back(
        {inside_of(i), {lab->plan.boot_server.broadcast().value - from_end}});
    if (lab->plan.address_server) --lab->plan.last_lease.value;
  }
  return lab;
}

rom::RelayedFleet::Plan relay_plan(const LabConfiguration& lab, const MacAddress& address_server,
                                   const MacAddress& boot_server) {
  rom::RelayedFleet::Plan plan;
  if (lab.plan.address_server) {
    plan.servers.push_back({lab.plan.address_server->address, address_server});
  }
  plan.servers.push_back({lab.plan.boot_server.address, boot_server});
  for (std::size_t i = 0; i < lab.plan.relayed.size(); ++i) {
    const auto number = static_cast<std::uint8_t>(i);
    plan.relays.push_back({.inside = lab.plan.relayed[i].inside,
                           .inside_mac = {{0x02, 0x50, 0x58, 0x45, 0x02, number}},
                           .outside = lab.plan.relayed[i].outside,
                           .outside_mac = {{0x02, 0x50, 0x58, 0x45, 0x01, number}}});
  }
  return plan;
}

FleetServer server_limits(const FleetOptions& options, const LabConfiguration& lab) {
  constexpr std::uint64_t kDnsmasqTransfers = 50;  // its TFTP_MAX_CONNECTIONS
  constexpr std::uint64_t kOurTransfers = server::TftpLimits{}.transfers;
  const server::Configuration& configuration = lab.configuration;
  FleetServer limits;
  limits.pings = options.target.server == BootTarget::Server::Dnsmasq && !lab.plan.address_server &&
                 !configuration.no_ping;
  if (configuration.tftp.enabled) {
    const bool is_dnsmasq = options.target.server == BootTarget::Server::Dnsmasq;
    limits.tftp_max_is_default = !configuration.tftp.maximum_transfers;
    limits.tftp_max = configuration.tftp.maximum_transfers.value_or(is_dnsmasq ? kDnsmasqTransfers
                                                                               : kOurTransfers);
    // In virtual time it follows the number of machines.
    if (!is_dnsmasq && options.time == FleetOptions::Time::Real) {
      limits.half_open = server::TftpLimits{}.half_open;
    }
    if (const auto& range = configuration.tftp.port_range;
        range && !configuration.tftp.single_port) {
      limits.transfer_ports = std::uint64_t{range->second} - range->first + 1;
    }
  }
  if (lab.plan.address_server) {
    limits.pool = lab.plan.last_lease.value - lab.plan.first_lease.value + 1;
    return limits;
  }
  std::uint64_t pool = 0;
  for (const server::DhcpRange& range : configuration.ranges) {
    if (range.kind == server::DhcpRange::Kind::Pool) {
      pool += range.end.value - range.start.value + 1;
    }
  }
  limits.pool = pool;
  limits.lease_max = configuration.maximum_leases;
  return limits;
}

}  // namespace pxeproof::cli
