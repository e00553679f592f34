#pragma once

#include "protocol/dhcp/pxe_options.h"
#include "server/proxy_dhcp.h"

namespace pxeproof::server {

// Answers the client that has chosen a line of the menu (43.71): ACK with server and file.
class BootServer {
 public:
  // Both must outlive the machine.
  BootServer(const CompiledConfiguration& configuration, const Policy& policy)
      : configuration_(configuration), policy_(policy) {}

  // The range of the request must hold its ciaddr. The tags are those of the request and of the
  // range. The reply goes to out.
  Result<BootAnswer, Reason> respond(const Request& request, const MatchedRange& range,
                                     const TagBits& tags, Bytes& out);

 private:
  Result<const Service*, Reason> find_service(const Request& request, const pxe::BootItem& item,
                                              const TagBits& tags) const;

  const CompiledConfiguration& configuration_;
  const Policy& policy_;
  UserSubOptions user_;
};

// The boot item of a request; its value has four octets or more.
pxe::BootItem read_boot_item(ByteView value);

}  // namespace pxeproof::server
