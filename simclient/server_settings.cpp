#include "simclient/server_settings.h"

#include <array>

namespace pxeproof::rom {

std::optional<dhcp::MessageView> read_message(ByteView packet) {
  auto message = dhcp::MessageView::parse(packet);
  if (!message && message.error().fault == dhcp::Fault::OptionTruncated &&
      message.error().offset >= dhcp::kOptionsOffset) {
    message = dhcp::MessageView::parse(packet.first(message.error().offset));
  }
  if (!message) return std::nullopt;
  return *message;
}

Ipv4Address identity_of(const dhcp::MessageView& message, Ipv4Address sender) {
  const auto server = message.address(dhcp::OptionCode::ServerIdentifier);
  if (server && !server->is_unspecified()) return *server;
  return message.siaddr().is_unspecified() ? sender : message.siaddr();
}

std::optional<Bytes> vendor_option(const dhcp::MessageView& message, pxe::VendorTag tag,
                                   RepeatedTag repeated) {
  const auto block = message.joined(dhcp::OptionCode::VendorSpecific);
  if (!block) return std::nullopt;
  const auto vendor = pxe::decode(*block);
  if (!vendor) return std::nullopt;
  std::optional<Bytes> value;
  for (const pxe::SubOption& each : vendor->sub_options) {
    if (each.tag != static_cast<std::uint8_t>(tag)) continue;
    value = each.value;
    if (repeated == RepeatedTag::First) break;
  }
  return value;
}

namespace {

// EDK2's PxeBcBootServer choice: with discovery control bit 3 and a list, its first server.
std::optional<Ipv4Address> listed_server(const dhcp::MessageView& message) {
  const auto control = vendor_option(message, pxe::VendorTag::DiscoveryControl, RepeatedTag::Last);
  if (!control || control->empty() || (control->front() & pxe::kUseBootFile) == 0) {
    return std::nullopt;
  }
  const auto list = vendor_option(message, pxe::VendorTag::BootServers, RepeatedTag::Last);
  if (!list) return std::nullopt;
  const auto servers = pxe::decode_servers(*list);
  if (!servers || servers->empty() || servers->front().addresses.empty()) return std::nullopt;
  return servers->front().addresses.front();
}

}  // namespace

BootTarget boot_target_of(const dhcp::MessageView& message, const firmware::OfferRules& rules) {
  const std::string_view field = message.file_text();
  const std::string_view option = message.text(dhcp::OptionCode::BootFileName);
  const bool field_first = rules.boot_file_in == firmware::OfferRules::BootFileIn::FileField;
  const std::string_view preferred = field_first ? field : option;
  const std::string_view other = field_first ? option : field;
  BootTarget target{std::string(preferred.empty() ? other : preferred), message.siaddr()};
  if (target.next_server.is_unspecified() &&
      rules.no_next_server == firmware::OfferRules::NoNextServer::Identity) {
    target.next_server =
        message.address(dhcp::OptionCode::ServerIdentifier).value_or(Ipv4Address{});
  }
  if (rules.first_listed_server_with_file && !target.file.empty()) {
    if (const auto listed = listed_server(message)) target.next_server = *listed;
  }
  return target;
}

std::optional<Bytes> ServerSettings::option(std::uint8_t code) const {
  for (const auto& message : in_order()) {
    if (!message) continue;
    if (const auto value = message->first(code)) return Bytes(value->begin(), value->end());
  }
  return std::nullopt;
}

std::optional<Bytes> ServerSettings::vendor(pxe::VendorTag tag) const {
  for (const auto& message : in_order()) {
    if (!message) continue;
    if (auto value = vendor_option(*message, tag, repeated_tag_)) return value;
  }
  return std::nullopt;
}

std::array<std::optional<dhcp::MessageView>, 2> ServerSettings::in_order() const {
  std::array messages{acknowledgement(), proxy()};
  if (order_ == Order::Proxy) std::swap(messages[0], messages[1]);
  return messages;
}

std::optional<dhcp::MessageView> ServerSettings::preferred() const {
  for (const auto& message : in_order()) {
    if (message) return message;
  }
  return std::nullopt;
}

BootTarget ServerSettings::boot_target(const firmware::OfferRules& rules) const {
  for (const auto& message : in_order()) {
    if (!message) continue;
    BootTarget target = boot_target_of(*message, rules);
    if (!target.file.empty()) return target;
  }
  return {};
}

}  // namespace pxeproof::rom
