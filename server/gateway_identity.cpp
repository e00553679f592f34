#include "server/gateway_identity.h"

#include "server/request.h"

namespace pxeproof::server {

namespace {

constexpr std::uint8_t kVendorIdentifyingOption = 125;  // RFC 3925 s.4
constexpr std::uint32_t kBroadbandForum = 3561;         // its enterprise number
constexpr std::size_t kLeader = 5;                      // enterprise number and length
constexpr std::uint8_t kManufacturer = 1;
constexpr std::uint8_t kSerialNumber = 2;
constexpr std::uint8_t kProductClass = 3;

}  // namespace

GatewayIdentity gateway_identity_of(const dhcp::MessageView& message) {
  auto option = find_option(message, kVendorIdentifyingOption, kLeader);
  for (; option && option->size() > kLeader;) {
    const std::size_t size = (*option)[4];
    if (size > option->size() - kLeader) return {};
    if (Ipv4Address::from(option->first(4))->value != kBroadbandForum) {
      option = option->subspan(kLeader + size);
      continue;
    }
    // Of several parts the first counts.
    const ByteView part = option->subspan(kLeader, size);
    return {.manufacturer = find_sub_option(part, kManufacturer, 1),
            .serial_number = find_sub_option(part, kSerialNumber, 1),
            .product_class = find_sub_option(part, kProductClass, 1)};
  }
  return {};
}

}  // namespace pxeproof::server
