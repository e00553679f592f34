#include "server/address_set.h"

namespace pxeproof::server {

AddressSet::Runs::const_iterator AddressSet::run_of(std::uint32_t value) const {
  auto run = runs_.upper_bound(value);
  if (run == runs_.begin()) return runs_.end();
  --run;
  return run->second >= value ? run : runs_.end();
}

bool AddressSet::contains(Ipv4Address address) const {
  return run_of(address.value) != runs_.end();
}

void AddressSet::insert(Ipv4Address address) {
  if (contains(address)) return;
  std::uint32_t first = address.value;
  std::uint32_t last = address.value;
  if (first > 0) {
    const auto before = run_of(first - 1);
    if (before != runs_.end()) {
      first = before->first;
      runs_.erase(before);
    }
  }
  if (last < 0xffffffffU) {
    const auto after = runs_.find(last + 1);
    if (after != runs_.end()) {
      last = after->second;
      runs_.erase(after);
    }
  }
  runs_.emplace(first, last);
}

void AddressSet::erase(Ipv4Address address) {
  const auto run = run_of(address.value);
  if (run == runs_.end()) return;
  const auto [first, last] = *run;
  runs_.erase(run);
  if (first < address.value) runs_.emplace(first, address.value - 1);
  if (last > address.value) runs_.emplace(address.value + 1, last);
}

std::optional<Ipv4Address> AddressSet::next_missing(Ipv4Address from, Ipv4Address to) const {
  if (from > to) return std::nullopt;
  const auto run = run_of(from.value);
  if (run == runs_.end()) return from;
  // Runs never touch, so the address behind one is outside the set.
  if (run->second >= to.value) return std::nullopt;
  return Ipv4Address{run->second + 1};
}

}  // namespace pxeproof::server
