#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "protocol/addresses.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// The addresses of a lab in which a configuration is at home, so that it need not be changed: its
// own subnet, and the address that it gives as the server's.
struct LabPlan {
  // A subnet behind a router, for clients that reach the servers through a relay agent.
  struct Relayed {
    Subnet inside;        // the router's address in it
    Ipv4Address outside;  // the router's address in the servers' subnet
  };
  std::string interface = "eth0";  // what the boot server's interface is called
  Subnet boot_server;
  std::optional<Subnet> address_server;  // nullopt: the configuration hands out addresses itself
  Ipv4Address first_lease;
  Ipv4Address last_lease;
  std::vector<Relayed> relayed{};
};

// The name is the configuration's, for messages.
Outcome<LabPlan> plan_lab(const server::Configuration& configuration, const std::string& name);

// The "home router" of the article: hands out addresses, knows nothing of network boot.
server::Configuration address_server_configuration(const LabPlan& plan);

}  // namespace pxeproof::cli
