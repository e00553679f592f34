#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "protocol/datagram_service.h"
#include "protocol/result.h"
#include "server/configuration.h"
#include "server/event_queue.h"
#include "server/lease_pool.h"
#include "server/policy.h"
#include "server/reply_queue.h"
#include "server/served_networks.h"
#include "server/server_event.h"

namespace pxeproof::server {

// The DHCP side of the server: proxy DHCP, boot server and address server behind the ports 67 and
// 4011 (67 is dhcp-alternate-port's).
//
//   datagram -> readable -> served -> range -> tags -> PXE, 43.71 ------------------> BootServer
//                                               |
//                                               +----> PXE, DISCOVER or 4011 REQUEST -> ProxyDhcp
//                                               |
//                                               +----> ordinary range --------------->
//                                               AddressServer
//
// What falls out on the way falls silent with a Reason.
class DhcpServer : public DatagramService {
 public:
  struct Options {
    Policy policy;
    std::uint64_t seed = 1;  // spreads the renewal times of leases
  };

  DhcpServer(Configuration configuration, std::vector<NetworkInterface> interfaces);
  DhcpServer(Configuration configuration, std::vector<NetworkInterface> interfaces,
             Options options);
  ~DhcpServer() override;

  std::vector<std::uint16_t> ports() const override;
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

  // The next event into out, whose capacity is reused; false when there is none.
  bool poll_event(ServerEvent& out) { return events_.poll(out); }

  const DhcpCounters& counters() const { return counters_; }

  // The tags that the last datagram had when it was decided on, in the order of the configuration;
  // empty when it did not come so far.
  std::vector<std::string> last_tags() const;

  // The next change of a lease, for whoever keeps them.
  bool poll_lease_change(LeaseChange& out) { return pool_.poll_change(out); }

  // A lease from an earlier run; no change is reported. false when dhcp-lease-max is reached.
  bool restore(Lease lease);

  // A new configuration or new interfaces. Leases, held offers and waiting replies stay.
  void reload(Configuration configuration, std::vector<NetworkInterface> interfaces);

  // The groups to join on the boot server port, for multicast boot server discovery: those that
  // dhcp-option=vendor:PXEClient,7,GROUP lines name. They change with a reload.
  const std::vector<Ipv4Address>& multicast_groups() const;

  // Whom an interface's answers are for.
  enum class Reach { Nobody, RelayedClients, Clients };
  Reach reach_of(std::uint32_t interface_index) const;

  const LeasePool& leases() const { return pool_; }

 private:
  struct Engine;  // the machines for one configuration

  Result<void, Reason> serve_or_relay(Instant now, const IncomingDatagram& datagram);
  Result<void, Reason> relay_request(Instant now, const IncomingDatagram& datagram);
  Result<void, Reason> relay_answer(Instant now, const IncomingDatagram& datagram);
  Result<void, Reason> serve(Instant now, const IncomingDatagram& datagram);
  Result<void, Reason> route(Instant now, Request& request);
  Result<void, Reason> serve_boot_item(Instant now, const Request& request);
  Result<void, Reason> serve_proxy(Instant now, const Request& request, const MatchedRange& range);
  Result<void, Reason> serve_address(Instant now, const Request& request);
  Result<void, Reason> check_server_identifier(const Request& request) const;
  ServerEvent& begin_event(Instant now, const IncomingDatagram& datagram);
  void count_answer(ServerEvent::Kind kind) {
    ++counters_.answered[static_cast<std::size_t>(kind)];
  }
  ServerEvent& begin_event(Instant now, const Request& request);
  ServerEvent& begin_unread_event(Instant now, const IncomingDatagram& datagram);

  Options options_;
  LeasePool pool_;
  KnownRelays relays_;
  std::unique_ptr<Engine> engine_;
  ReplyQueue replies_;
  EventQueue events_;
  DhcpCounters counters_;
};

}  // namespace pxeproof::server
