#pragma once

#include <optional>
#include <vector>

#include "server/address_server.h"
#include "server/boot_server.h"
#include "server/compiled_configuration.h"
#include "server/dhcp_server.h"
#include "server/host_table.h"
#include "server/proxy_dhcp.h"
#include "server/relay.h"
#include "server/request.h"
#include "server/served_networks.h"

namespace pxeproof::server {

// Everything that follows from one configuration, and the scratch space of the packet path.
struct DhcpServer::Engine {
  Engine(Configuration lines, const std::vector<NetworkInterface>& interfaces,
         const Options& options, LeasePool& leases, KnownRelays& relays);

  const Configuration& lines() const { return configuration.lines(); }

  void give_name(const Lease& lease);
  HostQuery query_of(const Request& request) const;
  void set_host(Request& request);
  void set_tags_and_host(Request& request);
  const TagBits& with_range_tags(const MatchedRange& range);
  std::optional<Reason> refusal_of(const Request& request, const Policy& policy) const;

  LeasePool& pool;
  CompiledConfiguration configuration;
  ServedNetworks networks;
  HostTable hosts;
  Relay relay;
  ProxyDhcp proxy;
  BootServer boot_server;
  AddressServer address_server;
  std::vector<Ipv4Address> multicast_groups;
  std::vector<MatchedRange> remote_ranges;
  const TagBits* decided_by = nullptr;  // the tags of the datagram in hand
  TagBits own_tags;
  TagBits tags;
  TagBits range_tags;
  Bytes bootp_message;  // of a client without a cookie, with one
};

// What the configuration and the policy let a pool hold.
LeasePool::Limits pool_limits(const Configuration& configuration, const Policy& policy);

}  // namespace pxeproof::server
