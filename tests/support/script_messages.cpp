#include "tests/support/script_messages.h"

#include <fmt/format.h>

#include "protocol/dhcp/client_options.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::testing {

namespace {

using dhcp::OptionCode;

Bytes option_list(std::string_view hex) { return from_hex(hex).value_or(Bytes{}); }

std::string pxe_class(const ScriptClient& client, std::string_view prefix, std::string_view undi) {
  return fmt::format("{}:Arch:{:05}:UNDI:{}", prefix, client.architecture, undi);
}

void add_edk2(const ScriptClient& client, std::string_view prefix, dhcp::Message& message) {
  message.add_u16(OptionCode::MaximumMessageSize, 1472);
  message.add(OptionCode::ParameterRequestList, option_list("01020304"
                                                            "05060c0d"
                                                            "0f111216"
                                                            "171c2829"
                                                            "2a2b3233"
                                                            "363a3b3c"
                                                            "42436180"
                                                            "81828384"
                                                            "858687"));
  message.add(OptionCode::ClientMachineIdentifier, dhcp::encode_guid(client.guid));
  message.add(OptionCode::ClientInterface, option_list("010300"));
  message.add_u16(OptionCode::ClientArchitecture, client.architecture);
  message.add_text(OptionCode::VendorClass, pxe_class(client, prefix, "003000"));
  message.header.flags = dhcp::kBroadcastFlag;
}

void add_ipxe(const ScriptClient& client, dhcp::Message& message) {
  message.add_u16(OptionCode::MaximumMessageSize, 1472);
  message.add_u16(OptionCode::ClientArchitecture, client.architecture);
  message.add(OptionCode::ClientInterface, option_list("010201"));
  message.add_text(OptionCode::VendorClass, pxe_class(client, "PXEClient", "002001"));
  message.add_text(OptionCode::UserClass, "iPXE");
  message.add(OptionCode::ParameterRequestList, option_list("010306070c0f111a2b3c4243"));
  message.add(OptionCode::EtherBoot, option_list("b105011af41000eb03010000170101"));
  Bytes identifier{1};
  identifier.insert(identifier.end(), client.mac.octets.begin(), client.mac.octets.end());
  message.add(OptionCode::ClientIdentifier, identifier);
  message.add(OptionCode::ClientMachineIdentifier, dhcp::encode_guid(client.guid));
}

void add_intel(const ScriptClient& client, std::string_view undi, dhcp::Message& message) {
  message.add(OptionCode::ParameterRequestList, option_list("010203040506"
                                                            "0b0c0d0f1011"));
  message.add_u16(OptionCode::MaximumMessageSize, 1260);
  message.add(OptionCode::ClientMachineIdentifier, dhcp::encode_guid(client.guid));
  message.add_u16(OptionCode::ClientArchitecture, client.architecture);
  message.add(OptionCode::ClientInterface, option_list("010201"));
  message.add_text(OptionCode::VendorClass, pxe_class(client, "PXEClient", undi));
  message.header.flags = dhcp::kBroadcastFlag;
}

void add_uboot(const ScriptClient& client, dhcp::Message& message) {
  message.add_u16(OptionCode::MaximumMessageSize, 576);
  message.add_u16(OptionCode::ClientArchitecture, client.architecture);
  message.add(OptionCode::ClientInterface, option_list("010000"));
  message.add_text(OptionCode::VendorClass, "U-Boot.armv8");
  message.add(OptionCode::ParameterRequestList, option_list("0103060c11"));
}

}  // namespace

dhcp::Message question_of(const ScriptClient& client, dhcp::MessageType type) {
  dhcp::Message message;
  message.header.op = dhcp::kBootRequest;
  message.header.xid = client.xid;
  message.header.set_mac(client.mac);
  message.add_type(type);
  switch (client.make) {
    case ScriptClient::Make::Edk2:
      add_edk2(client, "PXEClient", message);
      break;
    case ScriptClient::Make::HttpBoot:
      add_edk2(client, "HTTPClient", message);
      break;
    case ScriptClient::Make::Ipxe:
      add_ipxe(client, message);
      break;
    case ScriptClient::Make::Intel:
    case ScriptClient::Make::Pi:
      add_intel(client, "002001", message);
      break;
    case ScriptClient::Make::Uboot:
      add_uboot(client, message);
      break;
    case ScriptClient::Make::Plain:
      message.add_text(OptionCode::HostName, "system");
      break;
  }
  return message;
}

Bytes encode_as(const ScriptClient& client, const dhcp::Message& message) {
  std::size_t minimum = 0;
  if (client.make == ScriptClient::Make::Intel) minimum = 548;
  if (client.make == ScriptClient::Make::Uboot) minimum = 300;
  Bytes octets;
  dhcp::encode_into(message, minimum, octets);
  return octets;
}

Bytes answer_octets(const ScriptClient& client, const ScriptServer& server, dhcp::MessageType type,
                    const Answer& answer) {
  dhcp::Message message;
  message.header.op = dhcp::kBootReply;
  message.header.xid = client.xid;
  message.header.set_mac(client.mac);
  message.header.yiaddr = answer.yiaddr;
  message.header.siaddr = answer.siaddr;
  message.header.set_file(answer.file);
  message.add_type(type);
  message.add_address(OptionCode::ServerIdentifier, server.address);
  if (!answer.yiaddr.is_unspecified()) {
    message.add_u32(OptionCode::LeaseTime, 43200);
    message.add_address(OptionCode::SubnetMask, Ipv4Address::of(255, 255, 255, 0));
    message.add_address(OptionCode::Router, Ipv4Address::of(10, 0, 0, 1));
  }
  if (!answer.vendor_class.empty()) {
    message.add_text(OptionCode::VendorClass, answer.vendor_class);
  }
  if (answer.vendor) message.add(OptionCode::VendorSpecific, *answer.vendor);
  if (!answer.file_option.empty()) {
    message.add(OptionCode::BootFileName, as_bytes(answer.file_option));
  }
  if (answer.change) answer.change(message);
  Bytes octets;
  dhcp::encode_into(message, dhcp::kMinimumMessage, octets);
  return octets;
}

Bytes tcp_frame(const MacAddress& from_mac, const MacAddress& to_mac, const Endpoint& from,
                const Endpoint& to, std::string_view text) {
  constexpr std::uint8_t kTcp = 6;
  constexpr std::uint16_t kHeaders = 40;
  Bytes octets;
  ByteWriter writer(octets);
  writer.bytes(to_mac.octets);
  writer.bytes(from_mac.octets);
  writer.u16(frames::kEtherTypeIpv4);
  writer.u16(0x4500);
  writer.u16(static_cast<std::uint16_t>(kHeaders + text.size()));
  writer.u32(0x4000);  // identification, DF
  writer.u8(64);
  writer.u8(kTcp);
  writer.u16(0);
  writer.u32(from.address.value);
  writer.u32(to.address.value);
  writer.u16(from.port);
  writer.u16(to.port);
  writer.u32(1);
  writer.u32(1);
  writer.u16(0x5018);  // five words of header, PSH and ACK
  writer.u16(65535);
  writer.u32(0);
  writer.text(text);
  return octets;
}

Bytes control_vendor(std::uint8_t control) {
  pxe::VendorOptions vendor;
  vendor.add_control(control);
  return pxe::encode(vendor);
}

Bytes menu_vendor(Ipv4Address server, std::string_view text, std::uint8_t control) {
  pxe::VendorOptions vendor;
  vendor.add_control(control);
  vendor.add_prompt({0, "PXE"});
  vendor.add_servers({{0x8000, {server}}});
  vendor.add_menu({{0x8000, std::string(text)}});
  return pxe::encode(vendor);
}

}  // namespace pxeproof::testing
