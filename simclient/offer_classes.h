#pragma once

#include <optional>
#include <span>
#include <vector>

#include "firmware/dhcp_rules.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::rom {

// What an offer is good for (EDK2's PxeBcParseDhcp4Packet, the rules of Intel's reference code).
enum class OfferClass {
  Bootp,    // no option 53
  Menu,     // class PXEClient and any discovery tag: "Pxe10"
  Mtftp,    // all five MTFTP tags: "Wfm11a"
  Binl,     // class PXEClient alone: port 4011 knows more
  Address,  // anything else
};

struct ClassedOffer {
  OfferClass offer_class = OfferClass::Address;
  bool has_address = false;  // else it comes from a proxy
  bool has_file = false;
};

// The class of a message; nullopt when the rules let it count for nothing.
std::optional<ClassedOffer> classify(const dhcp::MessageView& message,
                                     const firmware::OfferRules& rules);

// True when the message holds any of the discovery tags 6 to 10.
bool has_discovery_tags(const dhcp::MessageView& message);

// Which offers a boot goes on with, as indices.
struct OfferChoice {
  std::size_t address = 0;
  std::vector<std::size_t> proxies;  // one to follow, or all to ask, in order
  // What the offers leave open.
  enum class Ask { Nobody, Proxies, AddressServer };
  Ask ask = Ask::Nobody;
};

// The choice by rank; nullopt when no offer, and no two together, can be booted from.
std::optional<OfferChoice> choose(std::span<const ClassedOffer> offers);

}  // namespace pxeproof::rom
