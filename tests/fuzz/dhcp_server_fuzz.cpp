#include <chrono>
#include <cstddef>
#include <cstdint>

#include "protocol/dhcp/message.h"
#include "server/dhcp_server.h"
#include "tests/fuzz/fuzz.h"

// Feeds datagrams to a DHCP server under a configuration in which every directive has a part. The
// input is a list of datagrams: flags, two octets of length, payload. The server may be silent; it
// may not crash, and what it says must be well formed.

namespace pxeproof::server {
namespace {

constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
constexpr Ipv4Address kClient = Ipv4Address::of(192, 168, 77, 50);
constexpr Ipv4Address kMask = Ipv4Address::of(255, 255, 255, 0);

TagRule rule(TagRule::Kind kind, std::string tag, std::string text) {
  TagRule rule;
  rule.kind = kind;
  rule.set_tag = std::move(tag);
  rule.test = TagRule::Test::Text;
  const ByteView octets = as_bytes(text);
  rule.octets.assign(octets.begin(), octets.end());
  rule.text = std::move(text);
  return rule;
}

void add_ranges(Configuration& lines) {
  DhcpRange proxy;
  proxy.start = Ipv4Address::of(192, 168, 77, 0);
  proxy.conditions = {{"pool", true}};
  proxy.set_tags = {"proxied"};
  lines.ranges.push_back(proxy);
  DhcpRange pool;
  pool.kind = DhcpRange::Kind::Pool;
  pool.conditions = {{"pool", false}};
  pool.start = Ipv4Address::of(192, 168, 77, 100);
  pool.end = Ipv4Address::of(192, 168, 77, 120);
  lines.ranges.push_back(pool);
  DhcpRange remote = pool;
  remote.conditions.clear();
  remote.start = Ipv4Address::of(10, 0, 0, 10);
  remote.end = Ipv4Address::of(10, 0, 0, 12);
  remote.netmask = kMask;
  lines.ranges.push_back(remote);
}

void add_boots(Configuration& lines) {
  std::uint16_t type = 0x8000;
  for (const auto architecture : std::initializer_list<std::uint16_t>{0, 0, 6, 7, 7, 16}) {
    PxeService service;
    service.architecture = architecture;
    service.menu_text = "Entry";
    service.type = type++;
    service.basename = architecture == 16 ? "http://h/boot.efi" : "boot";
    if (architecture == 6) service.server_name = "nowhere";
    lines.services.push_back(service);
  }
  PxeService local;
  local.menu_text = "Local";
  lines.services.push_back(local);
  PxePrompt prompt;
  prompt.text = "Press F8";
  prompt.timeout_seconds = 5;
  lines.prompts.push_back(prompt);
  DhcpBoot boot;
  boot.file = std::string(140, 'f');
  boot.server_name = std::string(70, 's');
  boot.conditions = {{"ipxe", false}};
  lines.boots.push_back(boot);
  lines.pxe_vendors = {"PXEClient", "HTTPClient"};
}

void add_options(Configuration& lines) {
  DhcpOption vendor;
  vendor.vendor_class = "PXEClient";
  vendor.code = 1;
  vendor.value = Bytes(60, 1);
  lines.options.push_back(vendor);
  DhcpOption encapsulated;
  encapsulated.encapsulated_in = std::uint8_t{175};
  encapsulated.code = 176;
  encapsulated.value = {1};
  encapsulated.force = true;
  lines.options.push_back(encapsulated);
  for (std::uint8_t code = 200; code < 210; ++code) {
    DhcpOption plain;
    plain.code = code;
    plain.value = Bytes(50, code);
    plain.force = true;
    lines.options.push_back(plain);
  }
}

Configuration rich_configuration() {
  Configuration lines;
  add_ranges(lines);
  add_boots(lines);
  add_options(lines);
  lines.tag_rules = {rule(TagRule::Kind::UserClass, "ipxe", "iPXE"),
                     rule(TagRule::Kind::VendorClass, "pool", "MSFT"),
                     rule(TagRule::Kind::CircuitId, "port", "port"),
                     rule(TagRule::Kind::Name, "pool", "pi*")};
  TagRule architecture;
  architecture.set_tag = "arch7";
  architecture.option_code = 93;
  architecture.test = TagRule::Test::Number;
  architecture.octets = {0, 7};
  lines.tag_rules.push_back(architecture);
  TagRule enterprise = architecture;
  enterprise.enterprise = 10;
  lines.tag_rules.push_back(enterprise);
  TagIf chain;
  chain.set_tags = {"both"};
  chain.conditions = {{"ipxe", false}, {"a*", false}};
  lines.tag_ifs.push_back(chain);
  DhcpHost host;
  host.client_id = Bytes{1, 2, 3, 4};
  host.address = Ipv4Address::of(192, 168, 77, 30);
  host.name = "fixed";
  lines.hosts.push_back(host);
  lines.domain = "example.org";
  lines.authoritative = true;
  return lines;
}

void check(const OutgoingDatagram& reply) {
  const auto message = dhcp::decode(reply.head);
  fuzz::require(message && message->header.op == dhcp::kBootReply && message->end);
  fuzz::require(reply.head.size() >= dhcp::kMinimumMessage);
}

}  // namespace
}  // namespace pxeproof::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using namespace pxeproof;
  using namespace pxeproof::server;
  static const Configuration kConfiguration = rich_configuration();
  NetworkInterface interface;
  interface.index = 1;
  interface.name = "eth0";
  interface.addresses = {{kServer, kMask}};
  DhcpServer server(kConfiguration, {interface});
  Instant now{};
  ByteReader input(ByteView(octets, size));
  OutgoingDatagram reply;
  ServerEvent event;
  while (const auto flags = input.u8()) {
    const std::size_t length = input.u16().value_or(0) % 1500;
    const ByteView payload = input.take(std::min(length, input.left())).value_or(ByteView{});
    now += std::chrono::seconds(*flags >> 4U);
    IncomingDatagram datagram;
    datagram.source = {(*flags & 1U) != 0 ? kClient : Ipv4Address{}, 68};
    datagram.destination.address = (*flags & 2U) != 0 ? kServer : Ipv4Address::broadcast();
    datagram.destination.port = (*flags & 4U) != 0 ? dhcp::kBootServerPort : dhcp::kServerPort;
    datagram.interface_index = 1;
    datagram.payload = payload;
    server.on_datagram(now, datagram);
    server.on_timeout(now);
    while (server.poll_transmit(reply)) check(reply);
    while (server.poll_event(event)) {
      fuzz::require(!describe(event).empty());
      log_lines(event, LogStyle::WithXid);
    }
  }
  return 0;
}
