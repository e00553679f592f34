#pragma once

#include <string>
#include <vector>

#include "protocol/bytes.h"

namespace pxeproof::cli {

// A piece of a packet with its name: "ip.ttl", "dhcp.xid", "dhcp.option.60".
struct PacketField {
  std::string name;
  Bytes value;

  friend bool operator==(const PacketField&, const PacketField&) = default;
};

// A whole frame as fields, in wire order: together they are every octet of it.
std::vector<PacketField> fields_of(ByteView frame);

// What kind of packet it is, for people: "DHCP DISCOVER", "TFTP RRQ pxelinux.0", "ARP request".
std::string kind_of(ByteView frame);

// The value as a number, most significant octet first; of at most eight octets.
std::uint64_t number_of(ByteView value);

}  // namespace pxeproof::cli
