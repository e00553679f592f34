#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

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
  std::deque<TimedRomEvent> events;  // not yet polled
  std::size_t event_limit = 4096;  // of packets that were ignored; the boot's own steps always fit

  void tell(Instant now, RomEvent event) {
    const bool may_be_left_out = std::holds_alternative<PacketIgnored>(event);
    if (may_be_left_out && events.size() >= event_limit) return;
    events.push_back({now, std::move(event)});
  }
  void tell_ignored(Instant now, const Endpoint& source, Ignored reason) {
    tell(now, PacketIgnored{source, reason});
  }

  // What option templates are filled in from; a phase adds what it knows.
  firmware::Variables variables() const {
    return {.mac = mac,
            .guid = guid,
            .architecture = architecture,
            .server = std::nullopt,
            .proxy = std::nullopt,
            .your_address = std::nullopt};
  }
};

}  // namespace pxeproof::rom
