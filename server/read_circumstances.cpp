#include "server/read_circumstances.h"

#include <optional>
#include <string>

#include "server/gateway_identity.h"

namespace pxeproof::server {

namespace {

using dhcp::OptionCode;

constexpr std::uint8_t kManufacturerUsage = 161;  // RFC 8520
constexpr std::uint8_t kCircuitId = 1;            // these in option 82
constexpr std::uint8_t kRemoteId = 2;
constexpr std::uint8_t kSubscriberId = 6;

// Empty when there is none.
std::string text_of(const std::optional<ByteView>& value) {
  return value ? as_text(*value) : std::string();
}

// RFC 3004's counted strings with NUL between them; iPXE sends one bare string.
std::string divided_user_classes(std::string option) {
  std::size_t end = 0;
  while (end < option.size()) end += static_cast<std::uint8_t>(option[end]) + std::size_t{1};
  if (end != option.size() || option.empty()) return option;
  for (std::size_t at = 0; at < option.size();) {
    const std::size_t next = at + static_cast<std::uint8_t>(option[at]) + 1;
    option[at] = '\0';
    at = next;
  }
  return option.substr(1);
}

}  // namespace

LeaseCircumstances circumstances_of(const Request& request, const TagNames& names,
                                    const TagBits& tags) {
  const dhcp::MessageView& message = request.message;
  LeaseCircumstances known{.interface = request.interface.network.name, .relay = message.giaddr()};
  known.supplied_name = text_of(find_option(message, OptionCode::HostName, 1));
  known.vendor_class = text_of(find_option(message, OptionCode::VendorClass, 1));
  known.user_classes =
      divided_user_classes(text_of(find_option(message, OptionCode::UserClass, 1)));
  known.manufacturer_usage = text_of(find_option(message, kManufacturerUsage, 1));
  const GatewayIdentity gateway = gateway_identity_of(message);
  known.gateway_manufacturer = text_of(gateway.manufacturer);
  known.gateway_serial_number = text_of(gateway.serial_number);
  known.gateway_product_class = text_of(gateway.product_class);
  if (const auto agent = find_option(message, OptionCode::RelayAgentInformation, 1)) {
    known.circuit_id = text_of(find_sub_option(*agent, kCircuitId, 1));
    known.remote_id = text_of(find_sub_option(*agent, kRemoteId, 1));
    known.subscriber_id = text_of(find_sub_option(*agent, kSubscriberId, 1));
  }
  if (const auto asked = find_option(message, OptionCode::ParameterRequestList, 1)) {
    known.requested_options.assign(asked->begin(), asked->end());
  }
  for (std::size_t id = 0; id < names.size(); ++id) {
    const auto tag = static_cast<TagId>(id);
    if (tags.test(tag)) known.tags.push_back(names.name(tag));
  }
  return known;
}

}  // namespace pxeproof::server
