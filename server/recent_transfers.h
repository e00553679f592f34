#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "protocol/addresses.h"
#include "protocol/flat_map.h"
#include "protocol/random.h"

namespace pxeproof::server {

// 48 bits.
constexpr std::uint64_t number_of(const Endpoint& endpoint) {
  return std::uint64_t{endpoint.address.value} << 16U | endpoint.port;
}

// Mixes an endpoint with a secret, so that nobody outside can aim at one bucket.
struct EndpointHash {
  std::uint64_t secret = 0;

  std::size_t operator()(const Endpoint& endpoint) const noexcept {
    return static_cast<std::size_t>(mix(secret, number_of(endpoint)));
  }
};

// Which transfers lately ended, or were refused, so that their clients know. A late copy of one of
// their packets is no stranger's, and must not be answered with an ERROR: the client may have begun
// its next request from the same port. Older entries are overwritten by chance.
class RecentTransfers {
 public:
  explicit RecentTransfers(EndpointHash hash) : hash_(hash) {}

  void note(const Endpoint& client, std::uint16_t local_port) {
    entry(client) = {client, local_port};
  }

  void forget(const Endpoint& client) {
    if (entry(client).client == client) entry(client) = {};
  }

  // The port of the last transfer of this client endpoint; 0 when none is remembered.
  std::uint16_t port_of(const Endpoint& client) const {
    const Entry& found = (*entries_)[hash_(client) % kSize];
    return found.client == client ? found.local_port : std::uint16_t{0};
  }

 private:
  static constexpr std::size_t kSize = 4096;
  struct Entry {
    Endpoint client;
    std::uint16_t local_port = 0;
  };
  Entry& entry(const Endpoint& client) { return (*entries_)[hash_(client) % kSize]; }

  EndpointHash hash_;
  std::unique_ptr<std::array<Entry, kSize>> entries_ = std::make_unique<std::array<Entry, kSize>>();
};

}  // namespace pxeproof::server
