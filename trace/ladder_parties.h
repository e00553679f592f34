#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "trace/ladder.h"

namespace pxeproof::trace {

// Whose answer it is: the sender, else the server it names.
Ipv4Address sender_of(const DhcpStep& step);

// Whom a file was asked from.
Ipv4Address server_of(const TransferStep& step);

// Who takes part in a boot, in the order of appearance, and what each did.
class LadderParties {
 public:
  explicit LadderParties(const Boot& boot);

  const std::vector<LadderParty>& all() const { return parties_; }

  // The line of an address; the client's for addresses that are no server's.
  std::size_t find(Ipv4Address address) const;
  std::size_t last() const { return parties_.size() - 1; }

 private:
  // Roles of a server, in the order in which a boot needs them.
  struct Roles {
    bool dhcp = false;
    bool relay = false;
    bool proxy = false;
    bool boot_server = false;
    bool tftp = false;
    bool http = false;
    bool speaks_icmp = false;
  };
  Roles& roles(Ipv4Address address);
  void see(const DhcpStep& step);
  void see(const TransferStep& step) { roles(server_of(step)).tftp = true; }
  void see(const HttpStep& step) { roles(step.server.address).http = true; }
  void see(const IcmpStep& step);
  void see(const ArpStep& /*step*/) {}
  static std::string describe(const Roles& roles);

  Ipv4Address client_;
  std::vector<Ipv4Address> order_;
  std::map<Ipv4Address, Roles> roles_;
  std::map<Ipv4Address, std::size_t> lines_;
  std::vector<LadderParty> parties_;
};

}  // namespace pxeproof::trace
