#pragma once

#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::golden {

// A real packet, octet for octet.
struct Packet {
  std::string_view name;
  Bytes octets;
};

// DHCP messages: UDP payloads of ROMs, an address server, a proxy and a boot server.
const std::vector<Packet>& dhcp_messages();

// TFTP packets: UDP payloads.
const std::vector<Packet>& tftp_packets();

// Ethernet frames.
const std::vector<Packet>& frames();

// Values of option 43.
const std::vector<Packet>& vendor_options();

// The octets of the packet with this name; throws when there is none.
const Bytes& find(const std::vector<Packet>& packets, std::string_view name);

}  // namespace pxeproof::golden
