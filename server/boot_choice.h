#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/result.h"
#include "server/compiled_configuration.h"
#include "server/policy.h"
#include "server/reason.h"
#include "server/request.h"
#include "server/vendor_block.h"

namespace pxeproof::server {

// What the configuration has for one client to boot. Its vectors are reused from request to
// request.
struct BootChoice {
  std::uint16_t architecture = 0;        // the client's, the one that is served
  std::vector<const Service*> services;  // for that architecture and these tags
  const Boot* boot = nullptr;

  bool is_uefi() const;

  // The rule of the single UEFI service: many UEFI ROMs cannot show a menu, so one service is
  // handed out without. nullptr when the rule does not apply.
  const Service* single_service(const Policy& policy) const;
};

// Fills the choice. The architectures must not be empty.
void choose_boot(const CompiledConfiguration& configuration, const Policy& policy,
                 const Architectures& architectures, const TagBits& tags, BootChoice& choice);

// Whether a client of these architectures may boot what a service has.
bool serves(const PxeService& service, const Architectures& architectures, const Policy& policy);

// The address that a directive names for its file: none when it names none, an error when it gives
// a name that nobody knows (D9). A name with several addresses spreads the clients over them, and
// each client always gets the same one.
Result<std::optional<Ipv4Address>, Reason> server_of(const ServerAddress& server,
                                                     const MacAddress& client);

// The menu for the chosen services. An entry whose server's name is unknown is left out. own is
// this server's address, which answers for all services with a file.
void list_menu(const Policy& policy, const BootChoice& choice, Ipv4Address own,
               const MacAddress& client, std::vector<MenuItem>& items);

}  // namespace pxeproof::server
