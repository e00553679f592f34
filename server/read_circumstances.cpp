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
  LeaseCircumstances known{.interface = request.interface.network.name,
                           .relay = request.message.giaddr(),
                           .supplied_name = {}};
  const auto text = [&](OptionCode code) {
    const auto value = find_option(request.message, code, 1);
    return value ? as_text(*value) : std::string();
  };
  known.supplied_name = text(OptionCode::HostName);
  known.vendor_class = text(OptionCode::VendorClass);
  known.user_classes = divided_user_classes(text(OptionCode::UserClass));
  const GatewayIdentity gateway = gateway_identity_of(request.message);
  const auto text_of = [](const std::optional<ByteView>& value) {
    return value ? as_text(*value) : std::string();
  };
  known.gateway_manufacturer = text_of(gateway.manufacturer);
  known.gateway_serial_number = text_of(gateway.serial_number);
  known.gateway_product_class = text_of(gateway.product_class);
  if (const auto url = find_option(request.message, kManufacturerUsage, 1)) {
    known.manufacturer_usage = as_text(*url);
  }
  if (const auto agent = find_option(request.message, OptionCode::RelayAgentInformation, 1)) {
    const auto part = [&](std::uint8_t code) {
      const auto value = find_sub_option(*agent, code, 1);
      return value ? as_text(*value) : std::string();
    };
    known.circuit_id = part(kCircuitId);
    known.remote_id = part(kRemoteId);
    known.subscriber_id = part(kSubscriberId);
  }
  if (const auto asked = find_option(request.message, OptionCode::ParameterRequestList, 1)) {
    known.requested_options.assign(asked->begin(), asked->end());
  }
  for (std::size_t id = 0; id < names.size(); ++id) {
    const auto tag = static_cast<TagId>(id);
    if (tags.test(tag)) known.tags.push_back(names.name(tag));
  }
  return known;
}

}  // namespace pxeproof::server
