#pragma once

#include <optional>

#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/result.h"
#include "server/configuration.h"
#include "server/reason.h"
#include "server/request.h"
#include "server/served_networks.h"

namespace pxeproof::server {

// Rows 1 of the acceptance filter: what needs no options.
Result<void, Reason> check_header(ByteView payload);

// RFC 951 knows no cookie: what a BOOTP client says there may be anything, and the message is then
// read in the room. Without one nothing is DHCP.
Result<dhcp::MessageView, dhcp::DecodeError> parse_request(ByteView payload, Bytes& room);
Reason reason_of(dhcp::Fault fault);

// Reads type, ciaddr and PXE options.
void read_message(const Configuration& lines, Request& request);

// What the relay or the client says of its subnet.
Origin read_origin(const Configuration& lines, Request& request);

// Why a request that no proxy or boot server path took gets nothing on a proxy range.
Reason silence_of(const Configuration& lines, const Request& request);

std::optional<Ipv4Address> leading_address(std::optional<ByteView> value);

}  // namespace pxeproof::server
