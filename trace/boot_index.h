#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>

#include "protocol/addresses.h"
#include "protocol/frames/inspect.h"
#include "protocol/time.h"
#include "trace/boot.h"

namespace pxeproof::trace {

class OpenBoot;

// Which open boot a packet belongs to, by hardware address, GUID or IP address; and who claims to
// have an address that a boot has. An address belongs to whom it was leased last.
class BootIndex {
 public:
  OpenBoot* by_mac(const MacAddress& mac) const;
  OpenBoot* by_guid(const Guid& guid) const;
  OpenBoot* by_address(Ipv4Address address) const;
  // The same of a packet's sender, and of who fetches a file on this port, when two machines have
  // one address.
  OpenBoot* sender_of(const SeenPacket& packet) const;
  OpenBoot* fetcher_on(const Endpoint& client) const;

  void set_mac(OpenBoot& boot, const MacAddress& mac) { by_mac_[mac] = &boot; }
  void set_guid(OpenBoot& boot, const Guid& guid) { by_guid_[guid] = &boot; }
  void assign(OpenBoot& boot, Ipv4Address address);
  // The same for an address that a server acknowledged in this packet.
  void lease(OpenBoot& boot, Ipv4Address address, std::uint32_t number, Instant at);
  void forget(const OpenBoot& boot);

  void note_claim(const frames::Arp& arp);
  // Says of the boot's rivals whether they claim further addresses.
  void mark_claimants(Boot& boot) const;

 private:
  struct Claimant {
    Ipv4Address address;
    bool has_others = false;  // addresses
  };
  void note_second_lease(OpenBoot& boot, Ipv4Address address, std::uint32_t number, Instant at);

  std::unordered_map<MacAddress, OpenBoot*> by_mac_;
  std::map<Guid, OpenBoot*> by_guid_;  // of clients without a hardware address
  std::unordered_map<Ipv4Address, OpenBoot*> by_address_;
  std::unordered_map<MacAddress, Claimant> claimants_;  // the senders of ARP messages
};

}  // namespace pxeproof::trace
