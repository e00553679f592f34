#pragma once

#include <vector>

#include "protocol/result.h"
#include "server/boot_choice.h"
#include "server/boot_file.h"
#include "server/policy.h"
#include "server/reason.h"
#include "server/request.h"
#include "server/vendor_block.h"

namespace pxeproof::server {

// What a PXE answer said, for events and delivery.
struct BootAnswer {
  Ipv4Address siaddr;
  Ipv4Address local;  // this server as option 54 has it
  std::optional<std::uint16_t> architecture;
  BootFileName file;
  std::size_t left_out = 0;  // menu entries and sub-options that did not fit
};

// Decides the proxy answer: OFFER for a DISCOVER, ACK for a REQUEST on the boot server port. It
// never gives an address; it says where and what to boot, or how to ask for it.
//
//             OFFER on 67                          ACK on 4011
//   BIOS      file of dhcp-boot, 43 menu           the same
//   UEFI, 1   siaddr only: "ask me on 4011"        siaddr, sname and file of the service
//   UEFI, n   siaddr, file of dhcp-boot, no 43     the same and 43 menu
//   UEFI, 0   siaddr, file of dhcp-boot, 43.6=08   the same
class ProxyDhcp {
 public:
  // Both must outlive the machine.
  ProxyDhcp(const CompiledConfiguration& configuration, const Policy& policy)
      : configuration_(configuration), policy_(policy) {}

  // The tags are those of the request and of the range. The reply goes to out.
  Result<BootAnswer, Reason> respond(const Request& request, const MatchedRange& range,
                                     const TagBits& tags, Bytes& out);

 private:
  Result<void, Reason> choose(const Request& request, const MatchedRange& range,
                              const TagBits& tags);
  bool has_vendor_block(const Request& request, const Service* single,
                        const BootAnswer& answer) const;

  const CompiledConfiguration& configuration_;
  const Policy& policy_;
  BootChoice choice_;
  UserSubOptions user_;
  std::vector<MenuItem> items_;
};

}  // namespace pxeproof::server
