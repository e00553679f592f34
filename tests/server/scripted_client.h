#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "server/dhcp_server.h"
#include "tests/server/memory_files.h"

// The other side of the DHCP server: requests as ROMs and ordinary clients make them, octet by
// octet, and a server under test on 192.168.77.1/24.
namespace pxeproof::server {

using namespace std::chrono_literals;

inline constexpr Instant kStart{};
inline constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
inline constexpr Ipv4Address kClient = Ipv4Address::of(192, 168, 77, 50);
inline constexpr Ipv4Address kRelay = Ipv4Address::of(192, 168, 77, 200);
inline constexpr MacAddress kMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
inline constexpr std::string_view kProxyRange = "port=0\ndhcp-range=192.168.77.0,proxy\n";
inline constexpr std::string_view kBiosService = "pxe-service=x86PC,\"Boot BIOS\",pxelinux\n";
inline constexpr std::string_view kUefiService =
    "pxe-service=X86-64_EFI,\"Boot UEFI\",grubx64.efi\n";

inline NetworkInterface ethernet(std::string name = "eth0", std::uint32_t index = 1,
                                 std::vector<Subnet> addresses = {
                                     {kServer, Ipv4Address::of(255, 255, 255, 0)}}) {
  return {.index = index,
          .name = std::move(name),
          .mac = {{2, 0, 0, 0, 0x77, static_cast<std::uint8_t>(index)}},
          .addresses = std::move(addresses),
          .mtu = 1500};
}

inline Configuration configure(std::string_view text) {
  MemoryFiles files;
  ConfigurationSources sources;
  sources.files.push_back({"dnsmasq.conf", std::string(text)});
  const auto loaded = read_configuration(sources, files);
  EXPECT_TRUE(loaded.has_value()) << text;
  return loaded ? loaded->configuration : Configuration{};
}

// A PXE ROM's message of the given type, without options that depend on the step.
inline dhcp::Message pxe_message(dhcp::MessageType type, std::uint16_t architecture = 0) {
  dhcp::Message message;
  message.header.xid = 0x11223344;
  message.header.flags = dhcp::kBroadcastFlag;
  message.header.set_mac(kMac);
  message.add_type(type);
  const Bytes wanted{1, 3, 43, 54, 60, 66, 67, 93, 94, 97, 128, 129, 130, 131, 132, 133, 134, 135};
  message.add(dhcp::OptionCode::ParameterRequestList, wanted);
  message.add_u16(dhcp::OptionCode::MaximumMessageSize, 1260);
  const std::string digits = std::to_string(architecture);
  message.add_text(
      dhcp::OptionCode::VendorClass,
      "PXEClient:Arch:" + std::string(5 - digits.size(), '0') + digits + ":UNDI:002001");
  message.add_u16(dhcp::OptionCode::ClientArchitecture, architecture);
  message.add(dhcp::OptionCode::ClientInterface, Bytes{1, 2, 1});
  Bytes guid(17);
  for (std::uint8_t at = 1; at < 17; ++at) guid[at] = at;
  message.add(dhcp::OptionCode::ClientMachineIdentifier, guid);
  return message;
}

inline dhcp::Message discover(std::uint16_t architecture = 0) {
  return pxe_message(dhcp::MessageType::Discover, architecture);
}

// A REQUEST for the boot server port.
inline dhcp::Message boot_request(std::uint16_t architecture = 0) {
  dhcp::Message message = pxe_message(dhcp::MessageType::Request, architecture);
  message.header.flags = 0;
  message.header.ciaddr = kClient;
  return message;
}

inline dhcp::Message boot_request(std::uint16_t architecture, pxe::BootItem item) {
  dhcp::Message message = boot_request(architecture);
  pxe::VendorOptions options;
  options.add_item(item);
  message.add(dhcp::OptionCode::VendorSpecific, pxe::encode(options));
  return message;
}

// An operating system's message.
inline dhcp::Message plain_message(dhcp::MessageType type, MacAddress mac = kMac) {
  dhcp::Message message;
  message.header.xid = 0x55667788;
  message.header.set_mac(mac);
  message.add_type(type);
  message.add(dhcp::OptionCode::ParameterRequestList, Bytes{1, 3, 6, 15, 28, 12, 51, 54, 58, 59});
  return message;
}

inline dhcp::Message selecting(Ipv4Address address, MacAddress mac = kMac) {
  dhcp::Message message = plain_message(dhcp::MessageType::Request, mac);
  message.add_address(dhcp::OptionCode::RequestedAddress, address);
  message.add_address(dhcp::OptionCode::ServerIdentifier, kServer);
  return message;
}

// A datagram's way to the server.
struct Route {
  Endpoint source{{}, 68};
  Endpoint destination{Ipv4Address::broadcast(), 67};
  std::uint32_t interface_index = 1;
};
inline constexpr Route kToBootServer{{kClient, 68}, {kServer, 4011}, 1};
inline constexpr Route kRelayed{{kRelay, 67}, {kServer, 67}, 1};

// A server under test.
class Site {
 public:
  explicit Site(std::string_view text, std::vector<NetworkInterface> interfaces = {ethernet()},
                DhcpServer::Options options = {})
      : server(configure(text), std::move(interfaces), std::move(options)) {}
  Site(std::string_view text, const Policy& policy)
      : Site(text, {ethernet()}, {.policy = policy, .seed = 1}) {}

  // Hands over one datagram and keeps what comes of it.
  void send(const dhcp::Message& message, Route route = {}, Instant now = kStart) {
    Bytes payload;
    dhcp::encode_into(message, dhcp::kMinimumMessage, payload);
    send(payload, route, now);
  }
  void send(const Bytes& payload, Route route = {}, Instant now = kStart) {
    server.on_datagram(now, {.source = route.source,
                             .destination = route.destination,
                             .interface_index = route.interface_index,
                             .payload = payload});
    drain();
  }
  void drain() {
    replies.clear();
    events.clear();
    OutgoingDatagram reply;
    while (server.poll_transmit(reply)) replies.push_back(std::exchange(reply, {}));
    ServerEvent event;
    while (server.poll_event(event)) events.push_back(std::exchange(event, {}));
  }

  // The only reply, decoded; a failure and an empty message when there is not exactly one.
  dhcp::Message reply() const {
    EXPECT_EQ(replies.size(), 1U) << (events.empty() ? std::string() : describe(events.back()));
    if (replies.size() != 1) return {};
    const auto decoded = dhcp::decode(replies.front().head);
    EXPECT_TRUE(decoded.has_value());
    return decoded ? *decoded : dhcp::Message{};
  }

  // Asks and returns the only reply.
  dhcp::Message ask(const dhcp::Message& message, Route route = {}, Instant now = kStart) {
    send(message, route, now);
    return reply();
  }

  // Asks and returns the reason for the silence; nullopt when there was none.
  std::optional<Reason> silence(const dhcp::Message& message, Route route = {}) {
    send(message, route);
    if (!replies.empty() || events.empty()) return std::nullopt;
    return events.back().reason;
  }

  DhcpServer server;
  std::vector<OutgoingDatagram> replies;
  std::vector<ServerEvent> events;
};

// An option of a reply in hexadecimal; "-" when it is absent.
inline std::string option(const dhcp::Message& message, dhcp::OptionCode code) {
  const dhcp::Option* found = message.find(code);
  return found == nullptr ? "-" : to_hex(found->value);
}

inline std::string vendor_block(const dhcp::Message& message) {
  return option(message, dhcp::OptionCode::VendorSpecific);
}

// Text written out: spaced("06 01 03") is "060103".
inline std::string spaced(std::string_view hexadecimal) {
  std::string packed;
  for (const char digit : hexadecimal) {
    if (digit != ' ') packed += digit;
  }
  return packed;
}

}  // namespace pxeproof::server
