#pragma once

#include <optional>

#include "firmware/retry_rule.h"
#include "protocol/addresses.h"
#include "protocol/station.h"
#include "simclient/retry_timer.h"

namespace pxeproof::rom {

// The octets of a router solicitation from the link-local address of a MAC (RFC 4861 s.4.1).
Frame build_router_solicitation(const MacAddress& mac);

// True for a router advertisement (RFC 4861 s.4.2); only its place in the frame is looked at.
bool is_router_advertisement(ByteView frame);

// The part of IPv6 a firmware waits for before it boots: it asks for routers until one answers or
// its patience ends.
class RouterSolicitation {
 public:
  // The rule outlives the machine.
  RouterSolicitation(const firmware::RetryRule& rule, const TickClock& clock, MacAddress mac)
      : timer_(rule, clock), mac_(mac) {}

  // Each gives the frame to send now, if any.
  std::optional<Frame> start(Instant now);
  std::optional<Frame> on_timeout(Instant now);
  void on_frame(ByteView frame);

  std::optional<Instant> poll_timeout() const { return timer_.deadline(); }
  bool is_over() const { return over_; }
  bool was_answered() const { return answered_; }

 private:
  RetryTimer timer_;
  MacAddress mac_;
  bool over_ = false;
  bool answered_ = false;
};

}  // namespace pxeproof::rom
