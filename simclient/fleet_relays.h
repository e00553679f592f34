#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/frames/inspect.h"
#include "protocol/station.h"
#include "simclient/fleet.h"

namespace pxeproof::rom {

// A router with a relay agent (RFC 1542, RFC 3046) between some of the fleet's machines and the
// servers.
struct FleetRelay {
  Subnet inside;  // its address there is what giaddr says
  MacAddress inside_mac;
  Ipv4Address outside;  // in the servers' subnet; their route to the inside
  MacAddress outside_mac;
};

// A fleet whose machines stand behind relays, spread over them evenly. To the servers' network it
// is a Station with the relays' addresses: broadcasts of DHCP go to every server with giaddr and
// option 82 (the machine's port), everything else is routed.
class RelayedFleet final : public Station {
 public:
  struct Server {
    Ipv4Address address;
    MacAddress mac;
  };
  struct Plan {
    std::vector<FleetRelay> relays;  // one at least
    std::vector<Server> servers;     // whom the relays help to
  };
  // The fleet outlives this.
  RelayedFleet(Fleet& fleet, Plan plan) : fleet_(fleet), plan_(std::move(plan)) {}

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override { return fleet_.poll_timeout(); }

 private:
  const FleetRelay& relay_of(ClientIndex client) const {
    return plan_.relays[client % plan_.relays.size()];
  }
  void from_client(const Frame& frame);
  void answer_arp(const FleetRelay& relay, const frames::Arp& arp);
  void relay_request(const FleetRelay& relay, ClientIndex client, ByteView message);
  void relay_reply(const FleetRelay& relay, ByteView message);
  void route_out(const FleetRelay& relay, const Frame& frame);
  void route_in(const FleetRelay& relay, ByteView frame);

  Fleet& fleet_;
  Plan plan_;
  Instant now_;
  std::unordered_map<Ipv4Address, MacAddress> inside_;  // who has been seen there
  std::deque<Frame> outbox_;
  Frame scratch_;
};

}  // namespace pxeproof::rom
