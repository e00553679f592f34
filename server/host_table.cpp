#include "server/host_table.h"

#include <algorithm>

#include "protocol/letter_case.h"

namespace pxeproof::server {

namespace {

bool has_wildcard(const DhcpHost::HardwareAddress& hardware) {
  return std::ranges::find(hardware.wildcard, true) != hardware.wildcard.end();
}

bool matches_hardware(const DhcpHost::HardwareAddress& hardware, const HostQuery& query) {
  if (hardware.octets.size() != query.hardware_address.size()) return false;
  if (hardware.hardware_type.value_or(0) != 0 && *hardware.hardware_type != query.hardware_type) {
    return false;
  }
  for (std::size_t at = 0; at < hardware.octets.size(); ++at) {
    const bool is_wild = at < hardware.wildcard.size() && hardware.wildcard[at];
    if (!is_wild && hardware.octets[at] != query.hardware_address[at]) return false;
  }
  return true;
}

// A line with an address belongs to the networks of that address.
bool fits_network(const Host& host, std::span<const MatchedRange> ranges) {
  if (ranges.empty() || !host.line->address) return true;
  return std::ranges::any_of(
      ranges, [&](const MatchedRange& range) { return range.contains(*host.line->address); });
}

}  // namespace

HostTable::HostTable(const CompiledConfiguration& configuration) : configuration_(configuration) {
  for (const Host& host : configuration.hosts) {
    for (const auto& hardware : host.line->hardware) {
      if (has_wildcard(hardware)) {
        with_wildcards_.push_back(&host);
      } else {
        by_hardware_[as_text(hardware.octets)].push_back(&host);
      }
    }
    if (host.line->client_id) by_client_id_[as_text(*host.line->client_id)].push_back(&host);
    if (!host.line->name.empty() && !host.is_by_identity()) {
      by_name_[lower_case(host.line->name)].push_back(&host);
    }
    if (host.line->address) by_address_.emplace(*host.line->address, &host);
  }
}

bool HostTable::has_hardware(const Host& host, const HostQuery& query) {
  return std::ranges::any_of(host.line->hardware,
                             [&](const auto& each) { return matches_hardware(each, query); });
}

const Host* HostTable::by_address(Ipv4Address address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? nullptr : found->second;
}

const Host* HostTable::find(const HostQuery& query, std::span<const MatchedRange> ranges,
                            const TagBits& tags) const {
  if (is_empty()) return nullptr;
  for (const Untagged untagged : {Untagged::Refused, Untagged::Accepted}) {
    if (const Host* host = find_by_identity(query, ranges, tags, untagged)) return host;
  }
  return nullptr;
}

const Host* HostTable::find_by_name(std::string_view name, std::span<const MatchedRange> ranges,
                                    const TagBits& tags) const {
  if (name.empty()) return nullptr;
  const auto named = by_name_.find(lower_case(name));
  if (named == by_name_.end()) return nullptr;
  for (const Untagged untagged : {Untagged::Refused, Untagged::Accepted}) {
    const auto host = std::ranges::find_if(named->second, [&](const Host* each) {
      return fits_network(*each, ranges) && holds(each->filter, tags, untagged);
    });
    if (host != named->second.end()) return *host;
  }
  return nullptr;
}

const Host* HostTable::find_by_identity(const HostQuery& query,
                                        std::span<const MatchedRange> ranges, const TagBits& tags,
                                        Untagged untagged) const {
  const auto fits = [&](const Host* host) {
    return fits_network(*host, ranges) && holds(host->filter, tags, untagged);
  };
  const auto first_of = [&](const Index& index, const std::string& key) -> const Host* {
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    const auto host = std::ranges::find_if(found->second, fits);
    return host == found->second.end() ? nullptr : *host;
  };
  if (query.client_id) {
    if (const Host* host = first_of(by_client_id_, as_text(*query.client_id))) return host;
    // dhcpcd 1.3 sends its text with a leading zero octet.
    if (!query.client_id->empty() && query.client_id->front() == 0) {
      const ByteView rest = query.client_id->subspan(1);
      if (const Host* host = first_of(by_client_id_, as_text(rest))) return host;
    }
  }
  const auto exact = by_hardware_.find(as_text(query.hardware_address));
  if (exact != by_hardware_.end()) {
    for (const Host* host : exact->second) {
      if (fits(host) && has_hardware(*host, query)) return host;
    }
  }
  // The line with the fewest wildcards is the most specific one.
  const Host* best = nullptr;
  std::ptrdiff_t fewest = 0;
  for (const Host* host : with_wildcards_) {
    if (!fits(host)) continue;
    for (const auto& hardware : host->line->hardware) {
      if (!matches_hardware(hardware, query)) continue;
      const auto wildcards = std::ranges::count(hardware.wildcard, true);
      if (best != nullptr && wildcards >= fewest) continue;
      best = host;
      fewest = wildcards;
    }
  }
  return best;
}

}  // namespace pxeproof::server
