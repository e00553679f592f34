#include "server/dhcp_engine.h"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "protocol/dhcp/message.h"
#include "protocol/random.h"
#include "server/gateway_identity.h"
#include "server/tag_evaluation.h"

namespace pxeproof::server {

namespace {

using dhcp::OptionCode;

std::vector<std::string> names_of(const std::vector<NetworkInterface>& interfaces) {
  std::vector<std::string> names;
  for (const NetworkInterface& each : interfaces) names.push_back(each.name);
  return names;
}

// Where clients may look for a boot server by multicast (43.7).
std::vector<Ipv4Address> groups_of(const CompiledConfiguration& configuration,
                                   const Policy& policy) {
  std::vector<Ipv4Address> groups;
  if (policy.discovery_group) groups.push_back(*policy.discovery_group);
  constexpr auto kTag = static_cast<std::uint8_t>(pxe::VendorTag::DiscoveryMulticast);
  for (const VendorSubOption& option : configuration.vendor_sub_options) {
    if (option.tag != kTag || option.vendor_class != "PXEClient") continue;
    const auto group = Ipv4Address::from(option.value);
    if (group && group->is_multicast()) groups.push_back(*group);
  }
  return groups;
}

}  // namespace

LeasePool::Limits pool_limits(const Configuration& configuration, const Policy& policy) {
  return {.leases = configuration.maximum_leases,
          .offers = policy.maximum_held_offers,
          .changes = policy.maximum_waiting_events};
}

DhcpServer::Engine::Engine(Configuration lines, const std::vector<NetworkInterface>& interfaces,
                           const Options& options, LeasePool& leases, KnownRelays& relays)
    : pool(leases),
      configuration(std::move(lines), names_of(interfaces)),
      networks(configuration, interfaces, relays),
      hosts(configuration),
      relay(configuration.lines(), interfaces),
      proxy(configuration, options.policy),
      boot_server(configuration, options.policy),
      address_server(configuration, hosts, networks, options.policy, leases, Random(options.seed)) {
  std::unordered_set<Ipv4Address> reserved;
  for (const NetworkInterface& interface : interfaces) {
    for (const Subnet& subnet : interface.addresses) reserved.insert(subnet.address);
  }
  for (const Host& host : configuration.hosts) {
    if (host.line->address) reserved.insert(*host.line->address);
  }
  multicast_groups = groups_of(configuration, options.policy);
  leases.set_reserved(std::move(reserved));
  leases.set_limits(pool_limits(configuration.lines(), options.policy));
  LeasePool::DomainOf domain_of;
  if (configuration.lines().names_are_full) {
    domain_of = [this](Ipv4Address address) { return std::string(networks.domain_of(address)); };
  }
  leases.set_domains(std::move(domain_of));
  for (const auto& [address, lease] : leases.all()) give_name(lease);
}

// Whose line came, or was read, after the client had its lease.
void DhcpServer::Engine::give_name(const Lease& lease) {
  if (hosts.is_empty()) return;
  HostQuery query{.hardware_type = lease.client.hardware_type,
                  .hardware_address = as_bytes(lease.client.hardware),
                  .client_id = std::nullopt};
  if (!lease.client.client_id.empty()) query.client_id = as_bytes(lease.client.client_id);
  tags.reset(configuration.tags().size());
  const Host* host = hosts.find(query, {}, tags);
  if (host == nullptr || host->line->name.empty()) return;
  if (host->line->address.value_or(lease.address) != lease.address) return;
  pool.give_name(lease.address, host->line->name);
}

// BOOTP knows neither identifiers nor host names (RFC 951).
HostQuery DhcpServer::Engine::query_of(const Request& request) const {
  const dhcp::MessageView& message = request.message;
  HostQuery query{.hardware_type = message.htype(),
                  .hardware_address = message.chaddr().first(message.hlen()),
                  .client_id = std::nullopt};
  if (request.is_bootp) return query;
  if (!lines().ignore_client_ids) {
    query.client_id = find_option(message, OptionCode::ClientIdentifier, 1);
  }
  // A client that had an identifier when it took its lease is still that client without.
  if (!query.client_id) {
    const Lease* lease = pool.find(LeaseClient{.hardware_type = query.hardware_type,
                                               .hardware = as_text(query.hardware_address),
                                               .client_id = {}});
    if (lease != nullptr && !lease->client.client_id.empty()) {
      query.client_id = as_bytes(lease->client.client_id);
    }
  }
  return query;
}

// In dnsmasq's order: what is known by identifier and hardware address, then the client's own name.
void DhcpServer::Engine::set_host(Request& request) {
  const auto with_tag_ifs = [this]() -> const TagBits& {
    tags = own_tags;
    apply_tag_ifs(configuration, tags);
    return tags;
  };
  const HostQuery query = query_of(request);
  request.host = hosts.find(query, request.ranges, with_tag_ifs());
  const bool is_elsewhere = request.host == nullptr && hosts.find(query, {}, tags) != nullptr;
  if (request.host != nullptr) own_tags.set(configuration.known);
  if (is_elsewhere) own_tags.set(configuration.known_othernet);
  if (!request.is_bootp) {
    apply_name_rules(configuration, request.message, own_tags);
    if (request.host == nullptr) {
      request.host =
          hosts.find_by_name(client_host_name(request.message), request.ranges, with_tag_ifs());
      if (request.host != nullptr) own_tags.set(configuration.known);
    }
  }
  if (request.host == nullptr) return;
  for (const TagId tag : request.host->sets) own_tags.set(tag);
}

void DhcpServer::Engine::set_tags_and_host(Request& request) {
  own_tags.reset(configuration.tags().size());
  if (request.interface.tag) own_tags.set(*request.interface.tag);
  if (!request.is_bootp && gateway_identity_of(request.message).is_whole()) {
    own_tags.set(configuration.gateway);
  }
  apply_match_rules(configuration, request.message, own_tags);
  if (!hosts.is_empty()) {
    set_host(request);
  } else if (!request.is_bootp) {
    apply_name_rules(configuration, request.message, own_tags);
  }
  if (request.is_bootp) {
    own_tags.set(configuration.bootp);
    // What a BOOTP client asks for by name may choose among dhcp-boot lines.
    if (const auto file = configuration.tags().find(request.message.file_text())) {
      own_tags.set(*file);
    }
  }
  tags = own_tags;
  apply_tag_ifs(configuration, tags);
  decided_by = &tags;
  request.own_tags = &own_tags;
  request.tags = &tags;
}

const TagBits& DhcpServer::Engine::with_range_tags(const MatchedRange& range) {
  if (range.range->sets.empty()) return tags;
  range_tags = own_tags;
  for (const TagId tag : range.range->sets) range_tags.set(tag);
  apply_tag_ifs(configuration, range_tags);
  decided_by = &range_tags;
  return range_tags;
}

std::optional<Reason> DhcpServer::Engine::refusal_of(const Request& request,
                                                     const Policy& policy) const {
  const bool is_ignored = std::ranges::any_of(configuration.ignores, [&](const TagFilter& filter) {
    return holds(filter, tags, Untagged::Refused);
  });
  if (is_ignored) return Reason::ClientIgnored;
  if (request.host == nullptr || !request.host->line->ignore) return std::nullopt;
  // dnsmasq forgets this one for PXE answers (D7).
  const bool is_pxe = request.port == ServerPort::BootServer || request.boot_item ||
                      request.ranges.front().range->is_proxy();
  if (is_pxe && policy.ignored_host == Policy::IgnoredHost::Answered) return std::nullopt;
  return Reason::HostIgnored;
}

}  // namespace pxeproof::server
