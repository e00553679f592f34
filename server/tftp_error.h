#pragma once

#include <string>
#include <string_view>

#include "protocol/addresses.h"
#include "protocol/tftp/packet.h"
#include "server/tftp_reason.h"

namespace pxeproof::server {

// The ERROR that a client is sent for a reason.
tftp::ErrorCode error_code(TftpReason reason);

// The wording is dnsmasq's where it has one, but names the file as the client did: no path of the
// server leaves it (case TSEC-05). Octets of the name that do not print are escaped.
std::string error_text(TftpReason reason, std::string_view requested_name, Ipv4Address client);

}  // namespace pxeproof::server
