#include "server/request_reading.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::size_t kHlenOffset = 2;
constexpr std::uint8_t kLongestHardwareAddress = 16;
constexpr std::uint8_t kLinkSelection = 5;                          // RFC 3527, inside option 82
constexpr std::uint8_t kServerOverride = 11;                        // RFC 5107, inside option 82
constexpr std::uint8_t kSubnetSelection = 118;                      // RFC 3011
constexpr std::array<std::uint8_t, 4> kCookie = {99, 130, 83, 99};  // RFC 2131 s.3
constexpr std::string_view kPxeClient = "PXEClient";

std::string_view as_view(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

Result<void, Reason> check_header(ByteView payload) {
  if (payload.size() < dhcp::kHeaderSize) return fail(Reason::TooShort);
  if (payload[0] != dhcp::kBootRequest) return fail(Reason::NotARequest);
  if (payload[kHlenOffset] > kLongestHardwareAddress) return fail(Reason::HardwareAddressTooLong);
  if (payload[1] == 0 && payload[kHlenOffset] != 0) return fail(Reason::HardwareTypeMissing);
  return {};
}

Reason reason_of(dhcp::Fault fault) {
  switch (fault) {
    case dhcp::Fault::TooShort:
      return Reason::TooShort;
    case dhcp::Fault::BadCookie:
      return Reason::BadCookie;
    case dhcp::Fault::OptionTruncated:
      return Reason::OptionOverrun;
  }
  return Reason::OptionOverrun;
}

Result<dhcp::MessageView, dhcp::DecodeError> parse_request(ByteView payload, Bytes& room) {
  auto message = dhcp::MessageView::parse(payload);
  if (message || message.error().fault != dhcp::Fault::BadCookie) return message;
  room.assign(payload.begin(), payload.end());
  std::ranges::copy(kCookie, room.begin() + dhcp::kHeaderSize);
  const auto with_cookie = dhcp::MessageView::parse(room);
  if (with_cookie && !find_option(*with_cookie, OptionCode::MessageType, 1)) return with_cookie;
  if (with_cookie) return message;
  room.resize(dhcp::kHeaderSize + kCookie.size());
  return dhcp::MessageView::parse(room);
}

std::optional<Ipv4Address> leading_address(std::optional<ByteView> value) {
  return value ? Ipv4Address::from(value->first(4)) : std::nullopt;
}

void read_message(const Configuration& lines, Request& request) {
  const dhcp::MessageView& message = request.message;
  const auto type = find_option(message, OptionCode::MessageType, 1);
  request.is_bootp = !type;
  if (type) request.type = type->front();
  // Some clients set ciaddr when they must not.
  const bool has_requested =
      type && find_option(message, OptionCode::RequestedAddress, 4).has_value();
  if (!has_requested && !request.is(MessageType::Discover)) request.ciaddr = message.ciaddr();
  if (const auto value = find_option(message, OptionCode::ClientArchitecture, 2)) {
    request.architectures = read_architectures(*value);
  }
  const auto vendor_class = find_option(message, OptionCode::VendorClass, 0);
  if (!lines.pxe_enabled() || !vendor_class) return;
  // Of several that fit, the last one counts.
  const auto vendor = std::find_if(
      lines.pxe_vendors.rbegin(), lines.pxe_vendors.rend(),
      [&](const std::string& each) { return as_view(*vendor_class).starts_with(each); });
  if (vendor != lines.pxe_vendors.rend()) request.vendor = *vendor;
  const bool may_choose = request.is(MessageType::Request) || request.is(MessageType::Inform);
  if (request.vendor.empty() || !may_choose) return;
  if (const auto options = find_option(message, OptionCode::VendorSpecific, 1)) {
    request.boot_item =
        find_sub_option(*options, static_cast<std::uint8_t>(pxe::VendorTag::BootItem), 4);
  }
}

Origin read_origin(const Configuration& lines, Request& request) {
  const dhcp::MessageView& message = request.message;
  Origin origin{.relay = message.giaddr(),
                .subnet_selector = std::nullopt,
                .server_override = std::nullopt,
                .client = request.ciaddr};
  if (request.is_bootp) return origin;
  if (const auto agent = find_option(message, OptionCode::RelayAgentInformation, 1)) {
    origin.subnet_selector = leading_address(find_sub_option(*agent, kLinkSelection, 4));
    origin.server_override = leading_address(find_sub_option(*agent, kServerOverride, 4));
  }
  if (!origin.subnet_selector) {
    origin.subnet_selector = leading_address(find_option(message, kSubnetSelection, 4));
  }
  if (origin.subnet_selector && origin.subnet_selector->is_unspecified()) {
    origin.subnet_selector.reset();
  }
  const auto& proxies = lines.full_proxies;
  if (proxies && !origin.relay.is_unspecified()) {
    const bool is_one =
        proxies->empty() || std::ranges::find(*proxies, origin.relay) != proxies->end();
    // What the relay itself asks for (RFC 5107) goes before what the configuration says of it.
    if (is_one && !origin.server_override) origin.server_override = origin.relay;
  }
  request.server_override = origin.server_override;
  request.subnet_selector = origin.subnet_selector.value_or(Ipv4Address{});
  return origin;
}

Reason silence_of(const Configuration& lines, const Request& request) {
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 0);
  if (!vendor_class) return Reason::NoVendorClass;
  if (request.vendor.empty()) {
    const bool is_pxe = as_view(*vendor_class).starts_with(kPxeClient);
    return is_pxe && !lines.pxe_enabled() ? Reason::PxeNotConfigured : Reason::ForeignVendorClass;
  }
  if (request.architectures.count == 0) return Reason::NoArchitecture;
  switch (static_cast<MessageType>(request.type)) {
    case MessageType::Discover:
      return Reason::RangeWithheld;
    case MessageType::Request:
      return request.port == ServerPort::Dhcp ? Reason::LeaseRequest : Reason::RangeWithheld;
    case MessageType::Inform:
      return Reason::InformWithoutItem;
    case MessageType::Decline:
    case MessageType::Release:
      return Reason::LeaseTraffic;
    case MessageType::Offer:
    case MessageType::Ack:
    case MessageType::Nak:
      return Reason::ServerMessage;
  }
  return Reason::UnknownMessageType;
}

}  // namespace pxeproof::server
