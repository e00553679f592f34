#pragma once

#include <string>
#include <string_view>

#include "protocol/addresses.h"
#include "protocol/tftp/packet.h"
#include "server/tftp_reason.h"

namespace pxeproof::server {

// The ERROR a client is sent for a reason.
struct TftpErrorAnswer {
  tftp::ErrorCode code = tftp::ErrorCode::NotDefined;
  std::string text;
};

// The wording is dnsmasq's where it has one, but names the file as the client did: no path of the
// server leaves it (case TSEC-05). Octets of the name that do not print are escaped.
TftpErrorAnswer error_answer(TftpReason reason, std::string_view requested_name,
                             Ipv4Address client);

}  // namespace pxeproof::server
