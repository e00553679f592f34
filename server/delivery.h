#pragma once

#include "protocol/datagram_service.h"
#include "protocol/result.h"
#include "server/configuration.h"
#include "server/policy.h"
#include "server/reason.h"
#include "server/request.h"

namespace pxeproof::server {

// How the receiver of a reply is known.
enum class Receiver {
  Proxy,   // no address of the client: broadcast, or back to where the question came from
  Lease,   // RFC 2131 s.4.1
  Inform,  // the source of the question is believed
};

// Addresses a reply whose octets are in out.head:
//
//   to 4011          back to the IP source and port
//   through a relay  giaddr, server port
//   ciaddr in reply  ciaddr, client port (or the source, when it is the same or for INFORM)
//   else             broadcast; or yiaddr with the client's MAC, without ARP, when flags allow
//
// local is this server's address in the client's range.
Result<void, Reason> address_reply(const Request& request, const Configuration& configuration,
                                   const Policy& policy, const ServedNetworks& networks,
                                   Receiver receiver, Ipv4Address local, OutgoingDatagram& out);

}  // namespace pxeproof::server
