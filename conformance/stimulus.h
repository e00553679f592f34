#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::conformance {

// A DHCP packet about to be sent. Scripts begin with the canonical DISCOVER or REQUEST (Script::d0,
// Script::r0) and change what the case is about.
struct Stimulus {
  dhcp::Message message{};
  std::size_t host = 0;  // which of the case's hosts sends it
  Ipv4Address source{};  // 0.0.0.0 before a client has an address
  std::uint16_t source_port = dhcp::kClientPort;
  Endpoint destination{};
  bool link_broadcast = false;  // by Ethernet broadcast; otherwise to the server's MAC address
  std::optional<Bytes> raw{};   // sent instead of the message
  std::size_t minimum_size = dhcp::kMinimumMessage;
  std::string words{};  // "DISCOVER arch 7"

  std::uint32_t xid() const { return message.header.xid; }

  // Each changes one thing and returns the whole, so that a case reads as one line.
  Stimulus& arch(std::uint16_t number);  // option 93 and the class identifier
  Stimulus& option(dhcp::OptionCode code, ByteView value);
  Stimulus& option(std::uint8_t code, ByteView value);
  Stimulus& text(dhcp::OptionCode code, std::string_view value);
  Stimulus& without(dhcp::OptionCode code);
  Stimulus& type(std::uint8_t message_type);
  Stimulus& item(std::uint16_t type, std::uint16_t layer);  // 43.71
  Stimulus& flags(std::uint16_t value);
  Stimulus& from_port(std::uint16_t port);
  Stimulus& relayed_by(Ipv4Address relay, std::size_t relay_host);
  Stimulus& called(std::string what);  // replaces the words
  Bytes encoded() const;
};

}  // namespace pxeproof::conformance
