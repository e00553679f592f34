#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/frames/inspect.h"
#include "protocol/station.h"
#include "simclient/retry_timer.h"

namespace pxeproof::rom {

// Finds link addresses by ARP and keeps the frames that wait for them.
//
//   send --> known: the frame goes out
//      \---> asking: request, request, ... --reply--> known
//                      \--last wait over--> forgotten, its frames dropped
class ArpResolver {
 public:
  ArpResolver(const firmware::ArpRules& rules, const TickClock& clock, MacAddress mac)
      : rules_(&rules), clock_(clock), mac_(mac) {}

  // Sends a frame to the neighbour that has the address: now when its link address is known, else
  // when it answers. The frame's destination (its first six octets) is filled in here.
  void send(Instant now, Ipv4Address own, Ipv4Address neighbour, Frame frame);

  // Learns from any ARP packet, about neighbours it knows or asks for (RFC 826).
  void on_arp(Instant now, const frames::Arp& arp);

  void on_timeout(Instant now);
  std::optional<Instant> poll_timeout() const { return deadline_; }
  bool poll_transmit(Frame& out);

  // Forgets all neighbours, with the frames that wait for them.
  void forget();

  std::optional<MacAddress> find(Ipv4Address neighbour) {
    return known_ && known_->address == neighbour ? known_->mac : look_up(neighbour);
  }

 private:
  static constexpr std::size_t kWaitingFrames = 16;  // per neighbour; the rest is dropped

  struct Neighbour {
    Ipv4Address address;
    Ipv4Address asked_as;  // our own address in the requests
    std::optional<MacAddress> mac;
    RetryTimer timer;
    std::vector<Frame> waiting;
  };

  void ask(const Neighbour& neighbour);
  std::optional<MacAddress> look_up(Ipv4Address neighbour);
  void on_change();

  const firmware::ArpRules* rules_;  // outlives the resolver
  TickClock clock_;
  MacAddress mac_;
  std::vector<Neighbour> neighbours_;
  std::optional<Instant> deadline_;  // the earliest of all
  struct Known {
    Ipv4Address address;
    MacAddress mac;
  };
  std::optional<Known> known_;  // who was looked up last: a transfer has one peer
  std::vector<Frame> outbox_;
};

}  // namespace pxeproof::rom
