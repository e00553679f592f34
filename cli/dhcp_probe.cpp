#include "cli/dhcp_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

}  // namespace

MacAddress probing_address(const MacAddress& mac) {
  MacAddress made = mac;
  made.octets[0] = static_cast<std::uint8_t>((made.octets[0] | 0x02U) & 0xfeU);
  made.octets[5] = static_cast<std::uint8_t>(made.octets[5] ^ 0x55U);
  return made;
}

DhcpProbe::DhcpProbe(const NetworkInterface& interface, Options options, Instant now)
    : options_(std::move(options)), asked_(now) {
  Random random(options_.seed);
  const MacAddress mac = probing_address(interface.mac);
  message_ = discover(mac, random);
  question_ = frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                 .source_mac = mac,
                                 .source = {{}, kClientPort},
                                 .destination = {Ipv4Address::broadcast(), dhcp::kServerPort}},
                                message_);
}

void DhcpProbe::on_frame(ByteView frame) {
  const auto packet = trace::see_packet(frame);
  if (!packet || packet->destination.port != kClientPort) return;
  const auto message = dhcp::MessageView::parse(packet->payload);
  const auto asked = dhcp::MessageView::parse(message_);
  if (!message || !asked || message->xid() != asked->xid()) return;
  if (message->type() != dhcp::MessageType::Offer) return;
  const trace::DhcpStep step = trace::read_dhcp_step(packet->source, packet->destination, *message);
  on_server({.address = step.server_id.value_or(packet->source.address),
             .kind = step.yiaddr.is_unspecified() ? SeenDhcpServer::Kind::Proxy
                                                  : SeenDhcpServer::Kind::Leases});
}

bool DhcpProbe::on_server(const SeenDhcpServer& seen) {
  // The question comes back where two of the server's interfaces are on one network.
  if (std::ranges::find(options_.own, seen.address) != options_.own.end()) return false;
  if (std::ranges::find(servers_, seen) != servers_.end()) return false;
  if (servers_.size() == kMaximumServers) return false;
  servers_.push_back(seen);
  return true;
}

bool DhcpProbe::has_leases() const {
  return std::ranges::find(servers_, SeenDhcpServer::Kind::Leases, &SeenDhcpServer::kind) !=
         servers_.end();
}

Instant DhcpProbe::poll_timeout() const {
  return asked_ + (has_leases() ? kProxyPatience : kPatience);
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
                     leases.empty()
                         ? fmt::format("none in {:.0f} s (without one no machine gets an address)",
                                       to_seconds(DhcpProbe::kPatience))
                         : leases + " (leases)",
                     proxies.empty() ? "none" : proxies);
}

}  // namespace pxeproof::cli
