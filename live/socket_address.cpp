#include "live/socket_address.h"

#include <array>
#include <cstring>

namespace pxeproof::live {

std::uint16_t to_network_order(std::uint16_t value) {
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(value >> 8U),
                                           static_cast<std::uint8_t>(value & 0xffU)};
  std::uint16_t result = 0;
  std::memcpy(&result, octets.data(), sizeof result);
  return result;
}

in_addr to_kernel(Ipv4Address address) {
  const auto octets = address.octets();
  in_addr result{};
  std::memcpy(&result, octets.data(), octets.size());
  return result;
}

sockaddr_in to_kernel(const Endpoint& endpoint) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = to_network_order(endpoint.port);
  result.sin_addr = to_kernel(endpoint.address);
  return result;
}

Ipv4Address from_kernel(in_addr address) {
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return Ipv4Address::of(octets[0], octets[1], octets[2], octets[3]);
}

Endpoint from_kernel(const sockaddr_in& address) {
  // Turning a number round is its own inverse.
  return {.address = from_kernel(address.sin_addr), .port = to_network_order(address.sin_port)};
}

}  // namespace pxeproof::live
