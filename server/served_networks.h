#pragma once

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/datagram_service.h"
#include "server/compiled_configuration.h"

namespace pxeproof::server {

// A dhcp-range that applies to a request, with what the receiving interface adds to it.
struct MatchedRange {
  const Range* range = nullptr;
  Ipv4Address local;      // of this server, for option 54 and siaddr
  Ipv4Address netmask;    // unspecified when nobody knows it
  Ipv4Address broadcast;  // likewise
  Ipv4Address router;     // this server, or the relay

  bool contains(Ipv4Address address) const {
    return !netmask.is_unspecified() && Subnet{range->start, netmask}.contains(address);
  }
  bool has_in_pool(Ipv4Address address) const {
    return range->kind == DhcpRange::Kind::Pool && address >= range->start && address <= range->end;
  }
};

// Where a request came from, as far as it decides which ranges apply.
struct Origin {
  Ipv4Address relay;                           // giaddr
  std::optional<Ipv4Address> subnet_selector;  // RFC 3527 or RFC 3011
  std::optional<Ipv4Address> server_override;  // RFC 5107
  Ipv4Address client;                          // ciaddr
};

// The last relay that asked from inside the subnet of a range, by the range's first address: its
// clients' router, also when they ask without it.
using KnownRelays = std::unordered_map<Ipv4Address, Ipv4Address>;

// The interfaces of this machine and the ranges on them.
class ServedNetworks {
 public:
  enum class Service { Served, WithoutAddress, Excluded };

  struct Interface {
    NetworkInterface network;
    Service service = Service::Served;
    std::optional<TagId> tag;
    std::vector<MatchedRange> ranges;

    bool has(const Range& range) const;
  };

  // The relays must outlive the networks; they survive a change of configuration.
  ServedNetworks(const CompiledConfiguration& configuration,
                 const std::vector<NetworkInterface>& interfaces, KnownRelays& relays);

  // nullptr: no such interface.
  const Interface* find(std::uint32_t index) const;

  // The domain of an address: that of the last domain=NAME,RANGE with it, else domain=NAME.
  std::string_view domain_of(Ipv4Address address) const;

  bool is_own(Ipv4Address address) const;

  // The ranges for a request, in file order; either the interface's own or, written to scratch,
  // those of the subnet it names. The request's relay is kept in mind.
  std::span<const MatchedRange> select(const Interface& interface, const Origin& origin,
                                       std::vector<MatchedRange>& scratch);

 private:
  void attach_ranges(Interface& interface) const;
  void attach_shared(Interface& interface) const;
  Ipv4Address netmask_of(const Range& range) const;
  MatchedRange remote(const Range& range, const Interface& interface, const Origin& origin,
                      Ipv4Address netmask);
  bool shares_network(Ipv4Address relay, const Range& range, Ipv4Address netmask) const;

  const CompiledConfiguration& configuration_;
  std::vector<Interface> interfaces_;
  KnownRelays& relays_;
};

}  // namespace pxeproof::server
