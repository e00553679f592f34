#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/dhcp/message.h"
#include "server/compiled_configuration.h"
#include "server/served_networks.h"
#include "server/tag_bits.h"

namespace pxeproof::server {

// Who asks: what a dhcp-host line can name.
struct HostQuery {
  std::uint8_t hardware_type = 0;
  ByteView hardware_address;
  std::optional<ByteView> client_id;
};

// The dhcp-host lines, found in constant time by hardware address, client identifier, name and
// address. The table lives as long as the configuration.
class HostTable {
 public:
  explicit HostTable(const CompiledConfiguration& configuration);

  // The line for a client on one of the given ranges, by identifier or hardware address; with no
  // ranges, on any network. nullptr when there is none.
  const Host* find(const HostQuery& query, std::span<const MatchedRange> ranges,
                   const TagBits& tags) const;

  // The line without identifier and hardware address for a client by the name that it gives itself.
  const Host* find_by_name(std::string_view name, std::span<const MatchedRange> ranges,
                           const TagBits& tags) const;

  // The line that reserves an address.
  const Host* by_address(Ipv4Address address) const;

  // Whether the line names this hardware address.
  static bool has_hardware(const Host& host, const HostQuery& query);

  bool is_empty() const { return configuration_.hosts.empty(); }

 private:
  using Index = std::unordered_map<std::string, std::vector<const Host*>>;
  const Host* find_by_identity(const HostQuery& query, std::span<const MatchedRange> ranges,
                               const TagBits& tags, Untagged untagged) const;

  const CompiledConfiguration& configuration_;
  Index by_hardware_;
  Index by_client_id_;
  Index by_name_;
  std::vector<const Host*> with_wildcards_;
  std::unordered_map<Ipv4Address, const Host*> by_address_;
};

}  // namespace pxeproof::server
