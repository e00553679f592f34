#pragma once

#include <optional>

#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::server {

// What a device behind a TR-069 gateway tells of itself, or such a gateway (TR-069 annex F): the
// sub-options of the Broadband Forum's part of option 125.
struct GatewayIdentity {
  std::optional<ByteView> manufacturer{};  // OUI, as six hexadecimal digits
  std::optional<ByteView> serial_number{};
  std::optional<ByteView> product_class{};

  // dnsmasq's rule for the tag "cpewan-id": the product class may be missing.
  bool is_whole() const { return manufacturer && serial_number; }
};

// Empty where the client sent none.
GatewayIdentity gateway_identity_of(const dhcp::MessageView& message);

}  // namespace pxeproof::server
