#pragma once

#include <array>
#include <optional>
#include <string>

#include "firmware/profile.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::rom {

// A DHCP message that a firmware keeps. Octets behind a torn option are not read; the rest counts.
std::optional<dhcp::MessageView> read_message(ByteView packet);

// Who speaks in a message: option 54, else siaddr, else the sender.
Ipv4Address identity_of(const dhcp::MessageView& message, Ipv4Address sender);

// One sub-option of option 43; nullopt when it is absent or option 43 is torn.
using RepeatedTag = firmware::OfferRules::RepeatedTag;
std::optional<Bytes> vendor_option(const dhcp::MessageView& message, pxe::VendorTag tag,
                                   RepeatedTag repeated);

// What one message says to boot, found in the firmware's order; the file is empty when it says
// nothing.
struct BootTarget {
  std::string file;
  Ipv4Address next_server;
};
BootTarget boot_target_of(const dhcp::MessageView& message, const firmware::OfferRules& rules);

// What the servers have said so far: the address server's acknowledgement, the proxy's words, and
// the boot server's answer, which takes the proxy's place.
class ServerSettings {
 public:
  void keep_acknowledgement(ByteView packet) {
    acknowledgement_.assign(packet.begin(), packet.end());
  }
  void keep_proxy(ByteView packet) { proxy_.assign(packet.begin(), packet.end()); }

  std::optional<dhcp::MessageView> acknowledgement() const {
    return read_message(acknowledgement_);
  }
  std::optional<dhcp::MessageView> proxy() const { return read_message(proxy_); }

  // Whose word goes before the other's.
  using Order = firmware::OfferRules::BootFileOf;
  void set_order(Order order) { order_ = order; }
  void set_repeated_tag(RepeatedTag repeated) { repeated_tag_ = repeated; }

  // The message a firmware follows: the first there is, in its order.
  std::optional<dhcp::MessageView> preferred() const;

  // The first value any of them holds, in that order.
  std::optional<Bytes> option(std::uint8_t code) const;
  std::optional<Bytes> vendor(pxe::VendorTag tag) const;

  // What to boot, by the firmware's preference between the two.
  BootTarget boot_target(const firmware::OfferRules& rules) const;

 private:
  std::array<std::optional<dhcp::MessageView>, 2> in_order() const;

  Order order_ = Order::AddressServer;
  RepeatedTag repeated_tag_ = RepeatedTag::First;
  Bytes acknowledgement_;  // empty: none yet
  Bytes proxy_;
};

}  // namespace pxeproof::rom
