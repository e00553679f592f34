#include "cli/lab_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace pxeproof::cli {

namespace {

constexpr Ipv4Address kDefaultNetmask = Ipv4Address::of(255, 255, 255, 0);
constexpr std::chrono::hours kLease{12};

// Addresses that the configuration names as its own, most telling first.
std::vector<Ipv4Address> own_addresses(const server::Configuration& configuration,
                                       const server::DhcpRange& range) {
  std::vector<Ipv4Address> addresses = configuration.listen_addresses;
  for (const server::DhcpBoot& boot : configuration.boots) {
    if (boot.server) addresses.push_back(*boot.server);
  }
  for (const server::PxeService& service : configuration.services) {
    if (service.server) addresses.push_back(*service.server);
  }
  if (range.kind == server::DhcpRange::Kind::Proxy) addresses.push_back(range.start);
  return addresses;
}

bool is_host_of(const Subnet& subnet, Ipv4Address address) {
  return subnet.contains(address) && address != subnet.network() && address != subnet.broadcast();
}

std::string interface_of(const server::Configuration& configuration) {
  for (const std::string& name : configuration.interfaces) {
    if (name != "lo" && name.find('*') == std::string::npos) return name;
  }
  return "eth0";
}

}  // namespace

Outcome<LabPlan> plan_lab(const server::Configuration& configuration, const std::string& name) {
  if (configuration.ranges.empty()) {
    return wrong_usage(
        fmt::format("{}: no dhcp-range, so the server would answer nobody; add one, such as "
                    "dhcp-range=192.168.1.0,proxy",
                    name));
  }
  const server::DhcpRange& range = configuration.ranges.front();
  const Subnet subnet{range.start, range.netmask.value_or(kDefaultNetmask)};
  const std::uint32_t hosts = subnet.broadcast().value - subnet.network().value;
  if (hosts < 8) {
    return wrong_usage(
        fmt::format("{}: the subnet of {} is too small for a lab; it needs room for eight hosts",
                    name, to_string(range.start)));
  }

  LabPlan plan;
  plan.interface = interface_of(configuration);
  const std::uint32_t network = subnet.network().value;
  plan.boot_server = {{network + 2}, subnet.netmask};
  const std::vector<Ipv4Address> own = own_addresses(configuration, range);
  const auto named = std::ranges::find_if(
      own, [&subnet](Ipv4Address address) { return is_host_of(subnet, address); });
  if (named != own.end()) plan.boot_server.address = *named;

  const bool has_pool = std::ranges::any_of(
      configuration.ranges,
      [](const server::DhcpRange& each) { return each.kind == server::DhcpRange::Kind::Pool; });
  if (has_pool) {
    // The server must not lease its own address.
    if (plan.boot_server.address >= range.start && plan.boot_server.address <= range.end) {
      plan.boot_server.address = {range.start.value - 1};
      if (!is_host_of(subnet, plan.boot_server.address))
        plan.boot_server.address = {range.end.value + 1};
    }
    return plan;
  }
  const Ipv4Address router{network + 1};
  plan.address_server = Subnet{
      router == plan.boot_server.address ? Ipv4Address{network + 3} : router, subnet.netmask};
  // The upper part of the subnet, as many routers do; the servers stay outside.
  plan.first_lease = {network + std::max<std::uint32_t>(4, hosts * 100 / 255)};
  plan.last_lease = {network + hosts * 200 / 255};
  if (plan.boot_server.address >= plan.first_lease && plan.boot_server.address <= plan.last_lease) {
    plan.first_lease = {plan.boot_server.address.value + 1};
    if (plan.first_lease >= plan.last_lease) {
      plan.first_lease = {network + 4};
      plan.last_lease = {plan.boot_server.address.value - 1};
    }
  }
  return plan;
}

server::Configuration address_server_configuration(const LabPlan& plan) {
  server::Configuration configuration;
  server::DhcpRange range;
  range.kind = server::DhcpRange::Kind::Pool;
  range.start = plan.first_lease;
  range.end = plan.last_lease;
  range.lease = kLease;
  range.location = {"the lab's address server", 0};
  configuration.ranges.push_back(std::move(range));
  configuration.authoritative = true;
  for (const LabPlan::Relayed& relayed : plan.relayed) {
    server::DhcpRange inside;
    inside.kind = server::DhcpRange::Kind::Pool;
    inside.start = {relayed.inside.address.value + 1};
    inside.end = {relayed.inside.broadcast().value - 1};
    inside.netmask = relayed.inside.netmask;
    inside.lease = kLease;
    inside.location = {"the lab's address server", 0};
    configuration.maximum_leases += inside.end.value - inside.start.value + 1;
    configuration.ranges.push_back(std::move(inside));
  }
  configuration.maximum_leases =
      std::max(configuration.maximum_leases, plan.last_lease.value - plan.first_lease.value + 1);
  return configuration;
}

}  // namespace pxeproof::cli
