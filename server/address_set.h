#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "protocol/addresses.h"

namespace pxeproof::server {

// A set of addresses kept as runs, so that the next address outside it is found without walking
// over those inside.
class AddressSet {
 public:
  void insert(Ipv4Address address);
  void erase(Ipv4Address address);
  bool contains(Ipv4Address address) const;

  // The lowest address in [from, to] that is not in the set.
  std::optional<Ipv4Address> next_missing(Ipv4Address from, Ipv4Address to) const;

 private:
  using Runs = std::map<std::uint32_t, std::uint32_t>;  // first to last, both included
  Runs::const_iterator run_of(std::uint32_t value) const;

  Runs runs_;
};

}  // namespace pxeproof::server
