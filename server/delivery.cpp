#include "server/delivery.h"

namespace pxeproof::server {

namespace {

constexpr std::uint8_t kEthernet = 1;
constexpr std::uint8_t kEthernetAddressSize = 6;
constexpr std::size_t kFlagsOffset = 10;
constexpr std::uint8_t kLongestLinkAddress = 14;  // of those that ARP can be asked for

// The fields that the addressing depends on, read back from the reply: it is what the client or
// relay will go by.
struct ReplyFields {
  std::uint16_t flags;
  Ipv4Address ciaddr;
  Ipv4Address yiaddr;
};

ReplyFields read_fields(ByteView reply) {
  ByteReader reader(reply);
  reader.take(kFlagsOffset);
  const auto flags = reader.u16();
  const auto ciaddr = reader.u32();
  const auto yiaddr = reader.u32();
  if (!yiaddr) return {dhcp::kBroadcastFlag, {}, {}};
  return {*flags, {*ciaddr}, {*yiaddr}};
}

bool is_own_unicast(const ServedNetworks& networks, Ipv4Address address) {
  return !address.is_broadcast() && !address.is_multicast() && networks.is_own(address);
}

void send_to(OutgoingDatagram& out, Endpoint destination) {
  out.destination = destination;
  out.interface_index = 0;
  out.addressing = LinkAddressing::Resolve;
}

}  // namespace

Result<void, Reason> address_reply(const Request& request, const Configuration& configuration,
                                   const Policy& policy, const ServedNetworks& networks,
                                   Receiver receiver, Ipv4Address local, OutgoingDatagram& out) {
  const IncomingDatagram& datagram = request.datagram;
  const ReplyFields reply = read_fields(out.head);
  const Ipv4Address asked = datagram.destination.address;
  out.body = {};
  out.source = {is_own_unicast(networks, asked) ? asked : local, datagram.destination.port};

  if (request.port == ServerPort::BootServer) {
    // Never to a third address that only the message names: that would be a reflector.
    Ipv4Address address = datagram.source.address;
    const bool believes_ciaddr =
        address.is_unspecified() || policy.return_address == Policy::ReturnAddress::Ciaddr;
    if (believes_ciaddr && !reply.ciaddr.is_unspecified()) address = reply.ciaddr;
    if (address.is_unspecified()) return fail(Reason::NoReturnAddress);
    send_to(out, {address, datagram.source.port});
    return {};
  }
  if (!request.message.giaddr().is_unspecified()) {
    send_to(out, {request.message.giaddr(), configuration.dhcp_server_port});
    return {};
  }
  if (!reply.ciaddr.is_unspecified()) {
    const bool is_source_believed =
        !datagram.source.address.is_unspecified() && datagram.source.port != 0 &&
        (receiver == Receiver::Inform || datagram.source.address == reply.ciaddr);
    send_to(out, is_source_believed ? datagram.source
                                    : Endpoint{reply.ciaddr, configuration.dhcp_client_port});
    return {};
  }
  out.interface_index = datagram.interface_index;
  const dhcp::MessageView& message = request.message;
  const bool has_link_address =
      message.htype() == kEthernet && message.hlen() == kEthernetAddressSize;
  // A client of another hardware type (IEEE 802 is 6) that has its address already answers ARP.
  const bool answers_arp = receiver == Receiver::Proxy && !has_link_address &&
                           message.htype() != 0 && message.hlen() != 0 &&
                           message.hlen() <= kLongestLinkAddress;
  const bool is_broadcast = (reply.flags & dhcp::kBroadcastFlag) != 0 ||
                            reply.yiaddr.is_unspecified() || (!has_link_address && !answers_arp);
  if (is_broadcast) {
    out.destination = {Ipv4Address::broadcast(), configuration.dhcp_client_port};
    out.addressing = LinkAddressing::Broadcast;
    out.link_address = MacAddress::broadcast();
    return {};
  }
  out.destination = {reply.yiaddr, configuration.dhcp_client_port};
  if (answers_arp) {
    out.addressing = LinkAddressing::Resolve;
    return {};
  }
  out.addressing = LinkAddressing::Direct;
  out.link_address = request.message.mac();
  return {};
}

}  // namespace pxeproof::server
