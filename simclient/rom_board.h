#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "firmware/profile.h"
#include "protocol/random.h"
#include "simclient/ip_layer.h"
#include "simclient/rom_events.h"
#include "simclient/server_settings.h"
#include "simclient/tick_clock.h"

namespace pxeproof::rom {

// What all phases of one ROM share: the machine it runs on, and what it has learnt.
struct RomBoard {
  std::shared_ptr<const firmware::Profile> profile;
  MacAddress mac;
  Guid guid;
  std::uint16_t architecture = 0;
  Random random;
  TickClock clock;
  IpLayer ip;
  ServerSettings settings;
  std::uint64_t unix_time = 0;  // seconds since 1970 at the epoch of all instants
  Instant powered_on{};
  Duration uptime{};                    // of the firmware's timer at power-on
  std::vector<TimedRomEvent> events{};  // told and, from next_event on, not yet polled
  std::size_t next_event = 0;
  std::size_t event_limit = 4096;  // of packets that were ignored; the boot's own steps always fit

  void tell(Instant now, RomEvent event) {
    const bool may_be_left_out = std::holds_alternative<PacketIgnored>(event);
    if (may_be_left_out && events.size() - next_event >= event_limit) return;
    events.push_back({now, std::move(event)});
  }
  void tell_ignored(Instant now, const Endpoint& source, Ignored reason) {
    tell(now, PacketIgnored{source, reason});
  }

  // The clocks that some firmware makes its numbers from.
  std::uint64_t milliseconds(Instant now) const {
    return static_cast<std::uint64_t>((now - powered_on + uptime) / std::chrono::milliseconds(1));
  }
  std::uint32_t unix_seconds(Instant now) const {
    return static_cast<std::uint32_t>(
        unix_time + static_cast<std::uint64_t>(now.time_since_epoch() / std::chrono::seconds(1)));
  }

  // The source port of the firmware's next TFTP transfer.
  std::uint16_t take_tftp_port(Instant now);
  std::optional<std::uint16_t> next_tftp_port{};  // of those counted; nullopt: none was used yet

  // What option templates are filled in from; a phase adds what it knows.
  firmware::Variables variables() const {
    return {.mac = mac,
            .guid = guid,
            .architecture = architecture,
            .http_architecture = profile->http_architecture,
            .server = std::nullopt,
            .proxy = std::nullopt,
            .your_address = std::nullopt};
  }
};

}  // namespace pxeproof::rom
