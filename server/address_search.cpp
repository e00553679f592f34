#include "server/address_search.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

// dnsmasq's seed, so that a client gets the same address from either server.
std::uint32_t hash_of(std::string_view identity) {
  std::uint32_t hash = 0;
  for (const char octet : identity) {
    hash = static_cast<std::uint8_t>(octet) + (hash << 6U) + (hash << 16U) - hash;
  }
  return hash == 0 ? 1 : hash;
}

// Windows refuses .0 and .255 of a class C network whatever the netmask says.
bool is_spoilt(Ipv4Address address) {
  const bool is_class_c = (address.value >> 29U) == 6;
  const std::uint32_t last = address.value & 0xffU;
  return is_class_c && (last == 0 || last == 0xff);
}

std::optional<Ipv4Address> first_usable(const LeasePool& pool, const Request& request,
                                        Ipv4Address from, Ipv4Address to) {
  std::optional<Ipv4Address> next = pool.next_free(from, to);
  while (next && (is_spoilt(*next) || !is_available(request, *next))) {
    if (*next == to) return std::nullopt;
    next = pool.next_free({next->value + 1}, to);
  }
  return next;
}

std::optional<Ipv4Address> search_range(const CompiledConfiguration& configuration,
                                        const LeasePool& pool, const Request& request,
                                        const MatchedRange& range, std::uint32_t hash) {
  const Ipv4Address first = range.range->start;
  const Ipv4Address last = range.range->end;
  const std::uint64_t size = std::uint64_t{last.value} - first.value + 1;
  const std::uint32_t moved = hash + pool.declines(first);
  Ipv4Address seed{first.value + static_cast<std::uint32_t>(moved % size)};
  if (configuration.lines().sequential_addresses) {
    seed = pool.highest_lease(first, last).value_or(first);
  }
  if (const auto address = first_usable(pool, request, seed, last)) return address;
  if (seed == first) return std::nullopt;
  return first_usable(pool, request, first, {seed.value - 1});
}

}  // namespace

std::string_view hashed_identity(const LeaseClient& client) {
  if (!client.hardware.empty()) return client.hardware;
  const std::string_view identifier = client.client_id;
  if (identifier.size() <= 3) return {};
  const bool has_type = static_cast<std::uint8_t>(identifier[0]) == client.hardware_type;
  return has_type ? identifier.substr(1) : identifier;
}

bool is_available(const Request& request, Ipv4Address address) {
  const bool is_router = std::ranges::any_of(
      request.ranges, [&](const MatchedRange& range) { return range.router == address; });
  return !is_router && std::ranges::any_of(request.ranges, [&](const MatchedRange& range) {
    return range.has_in_pool(address) && range.range->filter.holds(*request.tags);
  });
}

const MatchedRange* range_of(const Request& request, Ipv4Address address) {
  const auto find = [&](auto&& accepts) -> const MatchedRange* {
    const auto found = std::ranges::find_if(request.ranges, [&](const MatchedRange& range) {
      return range.range->filter.holds(*request.tags) && accepts(range);
    });
    return found == request.ranges.end() ? nullptr : &*found;
  };
  if (is_available(request, address)) {
    return find([&](const MatchedRange& range) { return range.has_in_pool(address); });
  }
  const MatchedRange* fixed = find([&](const MatchedRange& range) {
    return range.range->kind == DhcpRange::Kind::Static && range.contains(address);
  });
  if (fixed != nullptr) return fixed;
  return find([&](const MatchedRange& range) {
    return !range.range->is_proxy() && range.contains(address);
  });
}

std::optional<Ipv4Address> search_free_address(const CompiledConfiguration& configuration,
                                               LeasePool& pool, const Request& request,
                                               const LeaseClient& client) {
  const std::uint32_t hash = hash_of(hashed_identity(client));
  const auto search = [&](const MatchedRange& range) {
    return search_range(configuration, pool, request, range, hash);
  };
  for (const bool frees_offers : {false, true}) {
    for (const Untagged untagged : {Untagged::Refused, Untagged::Accepted}) {
      for (const MatchedRange& range : request.ranges) {
        if (range.range->kind != DhcpRange::Kind::Pool) continue;
        if (!holds(range.range->filter, *request.tags, untagged)) continue;
        if (const auto address = search(range)) return address;
        // An offer that nobody took up yet gives way to a client that is there now.
        if (!frees_offers) continue;
        if (pool.release_oldest_hold(range.range->start, range.range->end)) {
          if (const auto address = search(range)) return address;
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace pxeproof::server
