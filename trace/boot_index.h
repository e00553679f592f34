#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/frames/inspect.h"
#include "protocol/time.h"
#include "trace/boot.h"

namespace pxeproof::trace {

class OpenBoot;

// Which open boot a packet belongs to, by hardware address, GUID or IP address; and who claims to
// have an address that a boot has. An address belongs to whom it was leased last, in each VLAN. A
// frame without a tag may be of any: captures show some frames with their tag and without it.
class BootIndex {
 public:
  // What follows is about a frame of this network: a number made of its tags, 0 for none.
  void enter(std::uint32_t network) { network_ = network; }
  static bool may_be_one(std::uint32_t network, std::uint32_t other) {
    return network == other || network == 0 || other == 0;
  }

  OpenBoot* by_mac(const MacAddress& mac) const;
  OpenBoot* by_guid(const Guid& guid) const;
  // By the frame's network, else by any when only one boot has the address: a router takes packets
  // from one VLAN to another.
  OpenBoot* by_address(Ipv4Address address) const;
  // By the frame's network alone, which ARP does not leave.
  OpenBoot* by_address_here(Ipv4Address address) const;
  // Whether any boot has the address, in any VLAN, and one of which this holds.
  bool has_address(Ipv4Address address) const { return by_address_.contains(address); }
  template <typename Holds>
  bool any_by_address(Ipv4Address address, Holds&& holds) const {
    const auto found = by_address_.find(address);
    return found != by_address_.end() &&
           std::any_of(found->second.begin(), found->second.end(),
                       [&holds](const Owner& owner) { return holds(*owner.boot); });
  }
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
  // Who has an address in one network.
  struct Owner {
    std::uint32_t network = 0;
    OpenBoot* boot = nullptr;
  };
  using Owners = std::vector<Owner>;
  const Owner* owner_in(const Owners& owners) const;
  void disown(const OpenBoot& boot, Ipv4Address address);

  // Who was leased an address, also when its boot is over.
  struct Holder {
    MacAddress mac;
    Guid guid;
    std::optional<std::uint32_t> link;
    std::uint32_t network = 0;
    Lease lease;
  };
  void note_second_lease(OpenBoot& boot, const Lease& lease);
  void note_holder(OpenBoot& boot, const Lease& lease);
  void hold(const OpenBoot& boot, const Lease& lease);

  std::unordered_map<MacAddress, OpenBoot*> by_mac_;
  std::map<Guid, OpenBoot*> by_guid_;  // of clients without a hardware address
  std::unordered_map<Ipv4Address, Owners> by_address_;
  std::uint32_t network_ = 0;
  std::unordered_map<MacAddress, Claimant> claimants_;  // the senders of ARP messages
  std::unordered_map<Ipv4Address, Holder> holders_;
  std::unordered_map<MacAddress, Ipv4Address> held_;  // the same by machine
};

}  // namespace pxeproof::trace
