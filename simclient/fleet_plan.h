#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/cable.h"
#include "protocol/random.h"
#include "protocol/time.h"
#include "simclient/boot_server_discovery.h"
#include "simclient/rom_events.h"

namespace pxeproof::rom {

class ExpectedContent;

// Which of the fleet's machines; 0, 1, ...
using ClientIndex = std::uint32_t;
inline constexpr std::size_t kMaximumClients = 1U << 24U;  // what half a MAC address can number

// How one machine of a fleet differs from the others, beside its number.
struct FleetClient {
  Duration power_on{};      // after the fleet's start; rising from client to client
  Duration blocked{};       // from power-on: the switch port forwards nothing yet
  std::uint16_t kind = 0;   // its firmware: in FleetPlan::kinds
  std::uint16_t cable = 0;  // in FleetPlan::cables
};

// Everything that is settled before a fleet starts.
struct FleetPlan {
  struct Kind {
    std::string name;  // as the user calls it
    std::shared_ptr<const firmware::Profile> profile;
  };
  struct Link {
    Impairment sent{};
    Impairment received{};
  };
  std::vector<Kind> kinds;  // one at least
  std::vector<Link> cables{Link{}};
  std::vector<FleetClient> clients;
  Phase until = Phase::Payload;
  Waits waits = Waits::Skipped;
  const ExpectedContent* expected = nullptr;  // outlives the fleet; nullptr: nothing is known
  std::uint64_t seed = 1;
  Duration patience = std::chrono::minutes(30);  // a machine that takes longer has failed
  std::size_t slowest = 5;                       // ladders that are kept, of the slowest boots
  std::size_t failures_kept = 0;                 // failed boots whose packets are kept
  std::size_t recording_limit = 256U << 20U;     // octets of packets kept at once for that
};

// The MAC address of each machine: a prefix of the fleet's own and the machine's number.
class FleetNumbering {
 public:
  explicit FleetNumbering(std::uint64_t seed);

  MacAddress mac(ClientIndex client) const;
  std::optional<ClientIndex> client_of(const MacAddress& mac) const;
  std::optional<ClientIndex> client_of(ByteView six_octets) const;

 private:
  MacAddress prefix_;
};

// A random machine UUID (RFC 4122 s.4.4), the same for the same seed and machine.
Guid guid_of(std::uint64_t seed, ClientIndex client);

// The seed of a machine's ROM.
std::uint64_t rom_seed(std::uint64_t seed, ClientIndex client);

}  // namespace pxeproof::rom
