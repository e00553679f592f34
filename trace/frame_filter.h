#pragma once

#include <cstdint>
#include <utility>

#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::trace {

// What a frame may be to a boot, by a few octets of it.
enum class FrameKind {
  Foreign,          // nothing a boot turns on
  Dhcp,             // UDP from or to 67, 68 or 4011
  TftpRequest,      // UDP to 69
  Udp,              // any other UDP: perhaps a TFTP transfer
  Fragment,         // a later piece of an IP datagram
  Http,             // TCP whose payload begins like an HTTP request or answer
  TcpOpening,       // TCP without payload that asks for, grants or refuses a connection
  TcpSegment,       // any other TCP: perhaps the content of an HTTP answer
  IcmpUnreachable,  // ICMP type 3
  Arp,
  DhcpV6,           // a boot over IPv6, perhaps: counted, and not read
  RouterDiscovery,  // ICMPv6: some firmware waits for a router before it goes on over IPv4
};

// Looks at an Ethernet frame with up to two VLAN tags. It is made to be cheap: of most traffic on
// a busy wire it reads three octets.
FrameKind look_at(ByteView frame);

// Source and destination of a frame that look_at called Fragment or TcpOpening.
std::pair<Ipv4Address, Ipv4Address> ipv4_addresses(ByteView frame);

// Source and destination port of a frame that look_at called Udp.
std::pair<std::uint16_t, std::uint16_t> udp_ports(ByteView frame);

}  // namespace pxeproof::trace
