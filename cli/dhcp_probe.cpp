#include "cli/dhcp_probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/packet_port.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/random.h"
#include "trace/seen_packet.h"
#include "trace/steps.h"

namespace pxeproof::cli {

namespace {

constexpr std::uint16_t kClientPort = 68;
constexpr std::uint16_t kFirstArchitecture = 0;
constexpr std::size_t kMinimumSize = 300;

Bytes discover(const MacAddress& mac, Random& random) {
  dhcp::Message message;
  message.header.xid = static_cast<std::uint32_t>(random.next());
  message.header.flags = dhcp::kBroadcastFlag;
  message.header.set_mac(mac);
  message.add_type(dhcp::MessageType::Discover);
  message.add(dhcp::OptionCode::ParameterRequestList, Bytes{1, 3, 43, 54, 60, 66, 67});
  message.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00000:UNDI:002001");
  message.add_u16(dhcp::OptionCode::ClientArchitecture, kFirstArchitecture);
  message.add(dhcp::OptionCode::ClientInterface, Bytes{1, 2, 1});
  Bytes guid(17);
  random.fill(guid);
  guid[0] = 0;
  message.add(dhcp::OptionCode::ClientMachineIdentifier, guid);
  Bytes packet;
  dhcp::encode_into(message, kMinimumSize, packet);
  return packet;
}

// Collects the offers to one transaction.
class Listener : public live::EventSource {
 public:
  Listener(live::PacketPort& port, std::uint32_t xid) : port_(port), xid_(xid) {}

  std::vector<int> descriptors() const override { return {port_.descriptor()}; }
  std::optional<Instant> deadline() const override { return std::nullopt; }
  live::Activity on_wake(Instant) override {
    for (;;) {
      const auto batch = port_.receive();
      if (!batch || batch->empty()) return live::Activity::Idle;
      for (const ByteView frame : *batch) take(frame);
    }
  }

  std::vector<SeenDhcpServer> servers;

 private:
  void take(ByteView frame) {
    const auto packet = trace::see_packet(frame);
    if (!packet || packet->destination.port != kClientPort) return;
    const auto message = dhcp::MessageView::parse(packet->payload);
    if (!message || message->xid() != xid_ || message->type() != dhcp::MessageType::Offer) return;
    const trace::DhcpStep step =
        trace::read_dhcp_step(packet->source, packet->destination, *message);
    const SeenDhcpServer seen{.address = step.server_id.value_or(packet->source.address),
                              .kind = step.yiaddr.is_unspecified() ? SeenDhcpServer::Kind::Proxy
                                                                   : SeenDhcpServer::Kind::Leases};
    if (std::ranges::find(servers, seen) == servers.end()) servers.push_back(seen);
  }

  live::PacketPort& port_;
  std::uint32_t xid_;
};

}  // namespace

MacAddress probing_address(const MacAddress& mac) {
  MacAddress made = mac;
  made.octets[0] = static_cast<std::uint8_t>((made.octets[0] | 0x02U) & 0xfeU);
  made.octets[5] = static_cast<std::uint8_t>(made.octets[5] ^ 0x55U);
  return made;
}

live::SystemResult<std::vector<SeenDhcpServer>> probe_dhcp(const NetworkInterface& interface,
                                                           std::uint64_t seed, Duration patience) {
  auto port = live::PacketPort::open(interface.name);
  if (!port) return fail(port.error());
  auto loop = live::EventLoop::create();
  if (!loop) return fail(loop.error());
  Random random(seed);
  const MacAddress mac = probing_address(interface.mac);
  const Bytes packet = discover(mac, random);
  const auto xid = Ipv4Address::from(ByteView(packet).subspan(4, 4));
  Listener listener(*port, xid->value);
  if (auto added = loop->add(listener); !added) return fail(added.error());
  const std::vector<Frame> frames{
      frames::build_udp({.destination_mac = MacAddress::broadcast(),
                         .source_mac = mac,
                         .source = {{}, kClientPort},
                         .destination = {Ipv4Address::broadcast(), dhcp::kServerPort}},
                        packet)};
  port->send(frames);
  if (auto ended = loop->run([] { return false; }, live::now() + patience); !ended) {
    return fail(ended.error());
  }
  return std::move(listener.servers);
}

std::string describe(const std::vector<SeenDhcpServer>& servers) {
  const auto list = [&servers](SeenDhcpServer::Kind kind) {
    std::string text;
    for (const SeenDhcpServer& each : servers) {
      if (each.kind == kind) text += (text.empty() ? "" : ", ") + to_string(each.address);
    }
    return text;
  };
  const std::string leases = list(SeenDhcpServer::Kind::Leases);
  const std::string proxies = list(SeenDhcpServer::Kind::Proxy);
  return fmt::format("DHCP server seen: {}   other proxy: {}",
                     leases.empty() ? "none, so no machine gets an address" : leases + " (leases)",
                     proxies.empty() ? "none" : proxies);
}

}  // namespace pxeproof::cli
