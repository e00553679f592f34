#pragma once

#include <cstdint>

#include "protocol/random.h"
#include "tests/equality/scenario.h"

namespace pxeproof::equality {

inline constexpr std::uint8_t kDiscover = 1;
inline constexpr std::uint8_t kRequest = 3;
inline constexpr std::uint8_t kDecline = 4;
inline constexpr std::uint8_t kRelease = 7;
inline constexpr std::uint8_t kInform = 8;
inline constexpr Ipv4Address kRemoteRelay = Ipv4Address::of(10, 9, 0, 1);

// A client of the drawn scenarios: its number is in its hardware and IPv4 address.
MacAddress client_mac(std::uint8_t number);
Ipv4Address client_address(std::uint8_t number);

// A ROM's message, with options 53, 55, 57, 60, 93, 94 and 97.
dhcp::Message pxe_message(std::uint8_t type, std::uint8_t client, std::uint16_t architecture);

// What a ROM does: DISCOVER by broadcast, REQUEST by unicast to 4011, the latter for an item.
Step discover(std::uint8_t client, std::uint16_t architecture);
Step ask_boot_server(std::uint8_t client, std::uint16_t architecture);
Step ask_item(std::uint8_t client, std::uint16_t architecture, std::uint16_t type,
              std::uint16_t layer = 0);

// Sends a broadcast step through a relay instead.
void relay(Step& step, Ipv4Address relay_address, bool with_option_82);

void set_architectures(dhcp::Message& message, const std::vector<std::uint16_t>& numbers);
void replace(dhcp::Message& message, std::uint8_t code, Bytes value);

// A request of a drawn kind and with drawn oddities for a scenario.
Step draw_step(Random& random, const Scenario& scenario, std::uint8_t client);

}  // namespace pxeproof::equality
