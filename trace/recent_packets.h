#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/time.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

// The source or the destination is a port of DHCP or of boot servers.
bool is_on_dhcp_port(const SeenPacket& packet);

// Tells copies of one packet from packets sent again: mirror ports, bridges and captures of several
// interfaces show a packet more than once.
class RecentPackets {
 public:
  // Whether the packet was there before. The network is that of its VLAN tags, as BootIndex has it.
  bool is_copy(Instant at, std::uint32_t interface, std::uint32_t network,
               const SeenPacket& packet);

 private:
  struct Recent {
    std::uint64_t hash = 0;
    Instant at;
    std::uint32_t interface = 0;
    std::uint32_t network = 0;
    std::uint8_t ttl = 0;
  };
  std::array<Recent, 64> recent_{};  // a ring
  std::size_t count_ = 0;            // of all that were ever put into it
};

}  // namespace pxeproof::trace
