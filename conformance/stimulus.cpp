#include "conformance/stimulus.h"

#include <fmt/format.h>

namespace pxeproof::conformance {

using dhcp::OptionCode;

Stimulus& Stimulus::option(std::uint8_t code, ByteView value) {
  for (dhcp::Option& each : message.options) {
    if (each.code == code) {
      each.value.assign(value.begin(), value.end());
      return *this;
    }
  }
  message.options.push_back({code, Bytes(value.begin(), value.end())});
  return *this;
}

Stimulus& Stimulus::option(OptionCode code, ByteView value) {
  return option(static_cast<std::uint8_t>(code), value);
}

Stimulus& Stimulus::text(OptionCode code, std::string_view value) {
  return option(code, as_bytes(value));
}

Stimulus& Stimulus::without(OptionCode code) {
  message.remove(code);
  return *this;
}

Stimulus& Stimulus::arch(std::uint16_t number) {
  const Bytes value{static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
  option(OptionCode::ClientArchitecture, value);
  text(OptionCode::VendorClass, fmt::format("PXEClient:Arch:{:05}:UNDI:002001", number));
  words += fmt::format(" arch {}", number);
  return *this;
}

Stimulus& Stimulus::type(std::uint8_t message_type) {
  const Bytes value{message_type};
  return option(OptionCode::MessageType, value);
}

Stimulus& Stimulus::item(std::uint16_t type, std::uint16_t layer) {
  pxe::VendorOptions vendor;
  vendor.add_item({type, layer});
  words += fmt::format(" item {:04x} layer {:04x}", type, layer);
  return option(OptionCode::VendorSpecific, pxe::encode(vendor));
}

Stimulus& Stimulus::flags(std::uint16_t value) {
  message.header.flags = value;
  return *this;
}

Stimulus& Stimulus::from_port(std::uint16_t port) {
  source_port = port;
  return *this;
}

Stimulus& Stimulus::relayed_by(Ipv4Address relay, std::size_t relay_host) {
  message.header.giaddr = relay;
  message.header.hops = 1;
  source = relay;
  source_port = dhcp::kServerPort;
  host = relay_host;
  link_broadcast = false;
  words += " through a relay";
  return *this;
}

Stimulus& Stimulus::called(std::string what) {
  words = std::move(what);
  return *this;
}

Bytes Stimulus::encoded() const {
  if (raw) return *raw;
  Bytes out;
  dhcp::encode_into(message, minimum_size, out);
  return out;
}

}  // namespace pxeproof::conformance
