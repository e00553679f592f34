#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
  // The same for an address that a server acknowledged.
  struct Lease {
    Ipv4Address address;
    std::uint32_t packet = 0;
    Instant at;
    Ipv4Address server{};  // unspecified: not told
    Duration time{};       // that the address is leased for; zero: not told
  };
  void lease(OpenBoot& boot, const Lease& lease);
  // The machine gives it back.
  void release(MacAddress mac, Ipv4Address address);
  // The same for the address of a machine that asks for files from it, as another one does.
  void share(OpenBoot& owner, OpenBoot& other, Ipv4Address address, std::uint32_t number,
             Instant at);
  void forget(const OpenBoot& boot);

  void note_claim(const frames::Arp& arp);
  // Says of the boot's rivals whether they claim further addresses.
  void mark_claimants(Boot& boot) const;

 private:
  struct Claimant {
    Ipv4Address address;
    bool has_others = false;  // addresses
  };
  // Who was leased an address, also when its boot is over.
  struct Holder {
    MacAddress mac;
    Guid guid;
    std::optional<std::uint32_t> link;
    Lease lease;
  };
  void note_second_lease(OpenBoot& boot, const Lease& lease);
  void note_holder(OpenBoot& boot, const Lease& lease);
  void hold(const OpenBoot& boot, const Lease& lease);

  std::unordered_map<MacAddress, OpenBoot*> by_mac_;
  std::map<Guid, OpenBoot*> by_guid_;  // of clients without a hardware address
  std::unordered_map<Ipv4Address, OpenBoot*> by_address_;
  std::unordered_map<MacAddress, Claimant> claimants_;  // the senders of ARP messages
  std::unordered_map<Ipv4Address, Holder> holders_;
  std::unordered_map<MacAddress, Ipv4Address> held_;  // the same by machine
};

}  // namespace pxeproof::trace
