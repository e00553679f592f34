#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "lab/neighbour_table.h"
#include "protocol/addresses.h"
#include "protocol/datagram_service.h"
#include "protocol/flat_map.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/station.h"

namespace pxeproof::lab {

// Why a host did nothing with a frame or a datagram.
enum class Drop {
  ForeignMac,      // flooded to us, or in another VLAN
  ForeignType,     // neither ARP nor UDP over IPv4
  BadFrame,        // frames::inspect refuses it
  ForeignAddress,  // an IP address that is not ours, or a source that can be nobody's
  ClosedPort,      // no service listens; a unicast sender is told by ICMP
  NoRoute,         // to no subnet of ours, and there is no gateway
  TooLong,         // more than the interface's MTU
  WrongInterface,  // the service named an interface that this host does not have
  QueueFull,       // too many frames wait for the same neighbour
  TableFull,       // too many neighbours are being asked for
};
inline constexpr std::size_t kDropCount = 10;
std::string_view to_string(Drop drop);

struct HostOptions {
  NetworkInterface interface {};  // its addresses, MAC and MTU; index as the services see it
  std::optional<Ipv4Address> gateway{};
  struct Route {
    Subnet to;
    Ipv4Address via;
  };
  std::vector<Route> routes{};                  // before the gateway
  std::vector<Ipv4Address> multicast_groups{};  // joined
  NeighbourOptions neighbours{};
  std::uint64_t seed = 0;           // of the first IP identifications
  std::size_t icmp_burst = 6;       // ICMP errors at once, then one per second, per destination
  std::size_t icmp_targets = 1024;  // destinations for which that is counted
};

// Datagram services as a host on the network, with the manners of Linux: it does ARP and IP for
// them. Services listen on distinct ports.
class ServiceHost : public Station {
 public:
  ServiceHost(HostOptions options, std::vector<DatagramService*> services);

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override;

  // A neighbour that is known from now on without ARP, as a permanent entry of Linux's table is; it
  // does not count among the others.
  void add_neighbour(Ipv4Address address, const MacAddress& mac) {
    if (!permanent_.insert(address.value, mac)) *permanent_.find(address.value) = mac;
  }

  std::uint64_t dropped(Drop drop) const { return drops_[static_cast<std::size_t>(drop)]; }

  // Datagrams given up because no neighbour answered the ARP requests.
  std::uint64_t unresolved() const { return neighbours_.frames_dropped(); }

 private:
  struct IcmpBudget {
    std::size_t spent = 0;
    Instant since;
  };

  void note(Drop drop) { ++drops_[static_cast<std::size_t>(drop)]; }
  bool is_own(Ipv4Address address) const;
  bool is_broadcast(Ipv4Address address) const;
  const Subnet* subnet_of(Ipv4Address address) const;
  bool accepts(const frames::Udp& udp) const;
  void on_arp(const frames::Arp& arp, const MacAddress& link_destination);
  void on_udp(Instant now, const frames::Udp& udp, ByteView datagram);
  void refuse(Instant now, const frames::Udp& udp, ByteView datagram);
  bool may_refuse(Instant now, Ipv4Address target);
  bool prepare(const OutgoingDatagram& datagram, Frame& out);
  std::optional<Ipv4Address> next_hop(Ipv4Address destination) const;
  bool wait_for(Ipv4Address next_hop, const Frame& frame);
  void build(const frames::UdpTemplate::Flow& flow, std::uint16_t identification,
             const OutgoingDatagram& datagram, Frame& out);
  std::uint16_t identify(Ipv4Address destination, std::uint8_t protocol);
  Frame ask(const NeighbourTable::Question& question) const;

  HostOptions options_;
  std::vector<DatagramService*> services_;
  std::map<std::uint16_t, DatagramService*> listeners_;
  std::optional<MacAddress> neighbour(Ipv4Address address);

  NeighbourTable neighbours_;
  FlatMap<MacAddress> permanent_;  // by address
  std::deque<Frame> replies_;      // ARP and ICMP
  std::optional<frames::UdpTemplate> dhcp_frames_;
  std::optional<frames::UdpTemplate> other_frames_;
  std::vector<std::uint16_t> identifications_;
  std::map<Ipv4Address, IcmpBudget> icmp_budgets_;
  std::array<std::uint64_t, kDropCount> drops_{};
  Instant now_;
  OutgoingDatagram outgoing_;
  Frame waiting_;
};

}  // namespace pxeproof::lab
