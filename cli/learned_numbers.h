#pragma once

#include <string_view>
#include <vector>

#include "cli/observed_machine.h"
#include "firmware/profile.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::cli {

// The rule that the IP identifications of all packets follow, as a profile's word; the base's where
// they do not tell.
std::string_view identification_rule(const std::vector<frames::Udp>& datagrams,
                                     const firmware::IpRules& base);

// The rule that the transaction identifier follows, and what it rests on.
struct LearnedXid {
  std::string_view rule;
  std::string_view note;
};
LearnedXid xid_rule(const ObservedMessage& first, const MacAddress& mac,
                    const firmware::Profile& base);

}  // namespace pxeproof::cli
