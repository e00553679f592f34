#pragma once

#include "protocol/dhcp/message.h"
#include "server/policy.h"
#include "server/reply_writer.h"
#include "server/request.h"

namespace pxeproof::server {

// The header of a reply: what RFC 2131 table 3 copies from the request, the rest zero. ciaddr is
// the request's as far as it counts.
dhcp::Header reply_header(const Request& request, const Policy& policy);

// UEFI HTTP boot: only an offer with a URL is of use to it, and it never asks port 4011.
inline bool is_http_client(const Request& request) {
  return request.vendor.starts_with("HTTPClient");
}

// The vendor class of the answer and the client's machine identifier, octet for octet whatever its
// length (RFC 4578 s.2.3; D17).
void write_pxe_identity(const Request& request, ReplyWriter& writer);

// The relay's option 82, to be echoed; empty when there is none.
ByteView agent_information(const dhcp::MessageView& request);

// A boot file's or server's name: in the header field when it fits there, else in an option (RFC
// 2132 s.9.4, s.9.5), never cut. Call before the writer is made and pass what is left to it.
struct LongNames {
  std::string_view server_name;  // for option 66
  std::string_view file;         // for option 67
};
void set_names(dhcp::Header& header, std::string_view server_name, std::string_view file,
               LongNames& long_names);
void write_long_names(const LongNames& names, ReplyWriter& writer);

}  // namespace pxeproof::server
