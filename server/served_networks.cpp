#include "server/served_networks.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

bool name_matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

bool any_name_matches(const std::vector<std::string>& patterns, std::string_view name) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return name_matches(pattern, name); });
}

ServedNetworks::Service judge(const Configuration& lines, const NetworkInterface& interface) {
  using enum ServedNetworks::Service;
  if (any_name_matches(lines.except_interfaces, interface.name)) return Excluded;
  if (any_name_matches(lines.no_dhcp_interfaces, interface.name)) return Excluded;
  const bool is_limited = !lines.interfaces.empty() || !lines.listen_addresses.empty();
  const bool is_listed = std::ranges::any_of(interface.addresses, [&](const Subnet& subnet) {
    return std::ranges::find(lines.listen_addresses, subnet.address) !=
           lines.listen_addresses.end();
  });
  if (is_limited && !is_listed && !any_name_matches(lines.interfaces, interface.name)) {
    return Excluded;
  }
  return interface.addresses.empty() ? WithoutAddress : Served;
}

// A netmask by address class, for relayed subnets whose range names none.
Ipv4Address classful_netmask(Ipv4Address address) {
  if ((address.value >> 31U) == 0) return {0xff000000};
  if ((address.value >> 30U) == 2) return {0xffff0000};
  if ((address.value >> 29U) == 6) return {0xffffff00};
  return {};
}

bool covers(const Range& range, Ipv4Address netmask, Ipv4Address address) {
  if (netmask.is_unspecified()) return false;
  const Subnet subnet{address, netmask};
  return subnet.contains(range.start) && subnet.contains(range.end);
}

Ipv4Address broadcast_of(const Range& range, Ipv4Address netmask) {
  return range.broadcast.value_or(Subnet{range.start, netmask}.broadcast());
}

}  // namespace

bool ServedNetworks::Interface::has(const Range& range) const {
  return std::ranges::find(ranges, &range, &MatchedRange::range) != ranges.end();
}

ServedNetworks::ServedNetworks(const CompiledConfiguration& configuration,
                               const std::vector<NetworkInterface>& interfaces, KnownRelays& relays)
    : configuration_(configuration), relays_(relays) {
  for (const NetworkInterface& network : interfaces) {
    Interface interface {
      network, judge(configuration.lines(), network), configuration.tags().find(network.name), {}
    };
    attach_ranges(interface);
    interfaces_.push_back(std::move(interface));
  }
  for (Interface& interface : interfaces_) attach_shared(interface);
  // bridge-interface: what arrives on an alias counts as arrived on the bridge.
  for (const BridgeInterface& bridge : configuration.lines().bridge_interfaces) {
    const auto master = std::ranges::find(interfaces_, bridge.interface,
                                          [](const Interface& each) { return each.network.name; });
    if (master == interfaces_.end()) continue;
    for (Interface& alias : interfaces_) {
      if (&alias == &*master || !any_name_matches(bridge.aliases, alias.network.name)) continue;
      alias.service = master->service;
      alias.ranges = master->ranges;
      alias.tag = master->tag;
      alias.network.addresses = master->network.addresses;
    }
  }
}

// In the order of the file; where an interface has several addresses, as dnsmasq does, those of its
// last address first.
void ServedNetworks::attach_ranges(Interface& interface) const {
  for (const Subnet& subnet : interface.network.addresses) {
    std::vector<MatchedRange> matched;
    for (const Range& range : configuration_.ranges) {
      if (!range.interface.empty() && !name_matches(range.interface, interface.network.name)) {
        continue;
      }
      const Ipv4Address netmask = range.netmask.value_or(subnet.netmask);
      if (!covers(range, netmask, subnet.address) || interface.has(range)) continue;
      matched.push_back(
          {&range, subnet.address, netmask, broadcast_of(range, netmask), subnet.address});
    }
    interface.ranges.insert(interface.ranges.begin(), matched.begin(), matched.end());
  }
}

void ServedNetworks::attach_shared(Interface& interface) const {
  for (const SharedNetwork& shared : configuration_.lines().shared_networks) {
    const bool is_by_name = !shared.interface.empty() && shared.interface == interface.network.name;
    const bool is_by_address =
        shared.address && std::ranges::find(interface.network.addresses, *shared.address,
                                            &Subnet::address) != interface.network.addresses.end();
    if (!is_by_name && !is_by_address) continue;
    if (interface.network.addresses.empty()) continue;
    const Ipv4Address local = interface.network.addresses.front().address;
    for (const Range& range : configuration_.ranges) {
      const Ipv4Address netmask = netmask_of(range);
      if (!covers(range, netmask, shared.network_of)) continue;
      if (interface.has(range)) continue;
      // The router of a shared subnet is unknown: it is not this interface.
      interface.ranges.push_back({&range, local, netmask, broadcast_of(range, netmask), {}});
    }
  }
}

// The range's own, or that of the interface it lies on, else by class.
Ipv4Address ServedNetworks::netmask_of(const Range& range) const {
  Ipv4Address netmask = range.netmask.value_or(Ipv4Address{});
  if (netmask.is_unspecified()) {
    for (const Interface& each : interfaces_) {
      const auto local = std::ranges::find(each.ranges, &range, &MatchedRange::range);
      if (local != each.ranges.end()) netmask = local->netmask;
    }
  }
  return netmask.is_unspecified() ? classful_netmask(range.start) : netmask;
}

const ServedNetworks::Interface* ServedNetworks::find(std::uint32_t index) const {
  const auto found = std::ranges::find(interfaces_, index,
                                       [](const Interface& each) { return each.network.index; });
  return found == interfaces_.end() ? nullptr : &*found;
}

bool ServedNetworks::is_own(Ipv4Address address) const {
  return std::ranges::any_of(interfaces_, [&](const Interface& each) {
    return std::ranges::find(each.network.addresses, address, &Subnet::address) !=
           each.network.addresses.end();
  });
}

std::string_view ServedNetworks::domain_of(Ipv4Address address) const {
  const auto has_address = [&](const DomainRange& domain) {
    if (domain.interface.empty()) return address >= domain.first && address <= domain.last;
    const auto found = std::ranges::find(interfaces_, domain.interface,
                                         [](const Interface& each) { return each.network.name; });
    return found != interfaces_.end() &&
           std::ranges::any_of(found->network.addresses,
                               [&](const Subnet& subnet) { return subnet.contains(address); });
  };
  const Configuration& lines = configuration_.lines();
  for (auto domain = lines.domains.rbegin(); domain != lines.domains.rend(); ++domain) {
    if (has_address(*domain)) return domain->name;
  }
  return lines.domain;
}

bool ServedNetworks::shares_network(Ipv4Address relay, const Range& range,
                                    Ipv4Address netmask) const {
  return std::ranges::any_of(
      configuration_.lines().shared_networks, [&](const SharedNetwork& shared) {
        return shared.address == relay && covers(range, netmask, shared.network_of);
      });
}

MatchedRange ServedNetworks::remote(const Range& range, const Interface& interface,
                                    const Origin& origin, Ipv4Address netmask) {
  MatchedRange matched{&range, {}, netmask, broadcast_of(range, netmask), {}};
  for (const Interface& each : interfaces_) {
    if (each.service != Service::Served) continue;
    const auto local = std::ranges::find(each.ranges, &range, &MatchedRange::range);
    if (local != each.ranges.end()) return *local;
  }
  matched.local = interface.network.addresses.front().address;
  matched.router = origin.relay;
  if (matched.contains(origin.relay)) relays_[range.start] = origin.relay;
  if (!matched.contains(matched.router)) {
    const auto known = relays_.find(range.start);
    if (known != relays_.end()) matched.router = known->second;
  }
  return matched;
}

std::span<const MatchedRange> ServedNetworks::select(const Interface& interface,
                                                     const Origin& origin,
                                                     std::vector<MatchedRange>& scratch) {
  const bool is_relayed = !origin.relay.is_unspecified();
  const bool is_named = origin.subnet_selector.has_value() || is_relayed;
  if (!is_named && origin.client.is_unspecified()) return interface.ranges;
  const Ipv4Address address =
      origin.subnet_selector.value_or(is_relayed ? origin.relay : origin.client);
  if (!is_named) {
    const bool is_local = std::ranges::any_of(interface.ranges, [&](const MatchedRange& each) {
      return covers(*each.range, each.netmask, address);
    });
    if (is_local) return interface.ranges;
  }
  scratch.clear();
  for (const Range& range : configuration_.ranges) {
    const Ipv4Address netmask = netmask_of(range);
    const bool is_shared = is_relayed && shares_network(origin.relay, range, netmask);
    if (!is_shared && !covers(range, netmask, address)) continue;
    MatchedRange matched = remote(range, interface, origin, netmask);
    // The relay stands in another subnet than a shared range, so it is not that range's router.
    if (is_shared) matched.router = {};
    scratch.push_back(matched);
  }
  if (scratch.empty() && !is_named) return interface.ranges;
  return scratch;
}

}  // namespace pxeproof::server
