#include "lab/ipv6_router.h"

#include <array>

#include "protocol/frames/inspect.h"

namespace pxeproof::lab {

namespace {

constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint8_t kProtocolIcmpv6 = 58;
constexpr std::uint8_t kRouterSolicitation = 133;  // RFC 4861 s.4.1
constexpr std::uint8_t kRouterAdvertisement = 134;
constexpr std::size_t kIpv6HeaderSize = 40;
constexpr std::size_t kMaximumWaiting = 16;
constexpr MacAddress kAllNodesMac{{0x33, 0x33, 0, 0, 0, 1}};
constexpr std::array<std::uint8_t, 16> kAllNodes{0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                                 0,    0,    0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 8> kPrefix{0xfd, 0x00, 0x01, 0x78, 0, 0, 0, 0};
constexpr std::uint32_t kLifetimeSeconds = 1800;

// RFC 4291 s.2.5.6 and appendix A: fe80::/64 and the MAC address with ff:fe in its middle.
std::array<std::uint8_t, 16> link_local(const MacAddress& mac) {
  const auto& o = mac.octets;
  return {0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(o[0] ^ 2U),
          o[1], o[2], 0xff, 0xfe, o[3], o[4], o[5]};
}

}  // namespace

Frame build_router_advertisement(const MacAddress& mac) {
  Bytes message;
  ByteWriter icmp(message);
  icmp.u8(kRouterAdvertisement);
  icmp.u8(0);
  icmp.u16(0);  // checksum, below
  icmp.u8(64);  // hop limit for the hosts
  icmp.u8(0);   // neither managed nor other configuration: no DHCPv6
  icmp.u16(static_cast<std::uint16_t>(kLifetimeSeconds));
  icmp.u32(0);  // reachable time: unspecified
  icmp.u32(0);  // retransmission timer: unspecified
  icmp.u8(1);   // source link-layer address
  icmp.u8(1);
  icmp.bytes(mac.octets);
  icmp.u8(3);  // prefix information, RFC 4861 s.4.6.2
  icmp.u8(4);
  icmp.u8(64);    // prefix length
  icmp.u8(0xc0);  // on-link, autonomous
  icmp.u32(kLifetimeSeconds);
  icmp.u32(kLifetimeSeconds);
  icmp.u32(0);
  icmp.bytes(kPrefix);
  icmp.zeros(8);

  const auto source = link_local(mac);
  Bytes pseudo;
  ByteWriter sum(pseudo);
  sum.bytes(source);
  sum.bytes(kAllNodes);
  sum.u32(static_cast<std::uint32_t>(message.size()));
  sum.u32(kProtocolIcmpv6);
  sum.bytes(message);
  icmp.patch_u16(2, frames::internet_checksum(pseudo));

  Frame frame;
  ByteWriter out(frame);
  out.bytes(kAllNodesMac.octets);
  out.bytes(mac.octets);
  out.u16(kEtherTypeIpv6);
  out.u32(0x60000000U);
  out.u16(static_cast<std::uint16_t>(message.size()));
  out.u8(kProtocolIcmpv6);
  out.u8(255);
  out.bytes(source);
  out.bytes(kAllNodes);
  out.bytes(message);
  return frame;
}

void Ipv6Router::start(Instant /*now*/) { frames_.push_back(build_router_advertisement(mac_)); }

void Ipv6Router::on_frame(Instant /*now*/, ByteView frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet || ethernet->type != kEtherTypeIpv6) return;
  const ByteView packet = frame.subspan(ethernet->payload_offset);
  if (packet.size() <= kIpv6HeaderSize || packet[6] != kProtocolIcmpv6) return;
  if (packet[kIpv6HeaderSize] != kRouterSolicitation || frames_.size() >= kMaximumWaiting) return;
  frames_.push_back(build_router_advertisement(mac_));
}

bool Ipv6Router::poll_transmit(Frame& out) {
  if (frames_.empty()) return false;
  out = std::move(frames_.front());
  frames_.pop_front();
  return true;
}

}  // namespace pxeproof::lab
