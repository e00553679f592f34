#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "protocol/addresses.h"
#include "protocol/station.h"

namespace pxeproof::lab {

// An IPv6 router that does one thing: it answers router solicitations with an advertisement of a
// private prefix (RFC 4861 s.4.2). iPXE of 2019 waits 16 s for one before it goes on with IPv4.
class Ipv6Router : public Station {
 public:
  explicit Ipv6Router(const MacAddress& mac) : mac_(mac) {}

  void start(Instant now) override;
  void on_frame(Instant now, ByteView frame) override;
  void on_timeout(Instant /*now*/) override {}
  bool poll_transmit(Frame& out) override;
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }

 private:
  MacAddress mac_;
  std::deque<Frame> frames_;
};

// The advertisement that a router with this MAC address sends to all nodes; exposed for tests.
Frame build_router_advertisement(const MacAddress& mac);

}  // namespace pxeproof::lab
