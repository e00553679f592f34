#include "simclient/router_solicitation.h"

#include <algorithm>

#include "protocol/frames/inspect.h"

namespace pxeproof::rom {

namespace {

constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kSolicitation = 133;
constexpr std::uint8_t kAdvertisement = 134;
constexpr std::size_t kIpv6HeaderSize = 40;
constexpr std::uint8_t kHopLimit = 255;

}  // namespace

// 33:33:00:00:00:02 | mac | 86dd | IPv6 header | type 133, code 0, sum, 0 | 1, 1, mac
Frame build_router_solicitation(const MacAddress& mac) {
  Bytes icmp;
  ByteWriter body(icmp);
  body.u8(kSolicitation);
  body.u8(0);
  body.u16(0);  // checksum
  body.u32(0);
  body.u8(1);  // source link-layer address, in units of eight octets
  body.u8(1);
  body.bytes(mac.octets);

  Bytes addresses;
  ByteWriter address(addresses);
  address.u32(0xfe800000);  // the link-local address: RFC 4291 appendix A
  address.u32(0);
  address.u8(mac.octets[0] ^ 2U);
  address.u8(mac.octets[1]);
  address.u8(mac.octets[2]);
  address.u16(0xfffe);
  address.u8(mac.octets[3]);
  address.u8(mac.octets[4]);
  address.u8(mac.octets[5]);
  address.u32(0xff020000);  // all routers
  address.u32(0);
  address.u32(0);
  address.u32(2);

  Bytes summed = addresses;
  ByteWriter pseudo(summed);  // RFC 8200 s.8.1
  pseudo.u32(static_cast<std::uint32_t>(icmp.size()));
  pseudo.u32(kIcmpv6);
  pseudo.bytes(icmp);
  body.patch_u16(2, frames::internet_checksum(summed));

  Frame frame;
  ByteWriter writer(frame);
  writer.bytes(MacAddress{{0x33, 0x33, 0, 0, 0, 2}}.octets);
  writer.bytes(mac.octets);
  writer.u16(kEtherTypeIpv6);
  writer.u32(0x60000000);
  writer.u16(static_cast<std::uint16_t>(icmp.size()));
  writer.u8(kIcmpv6);
  writer.u8(kHopLimit);
  writer.bytes(addresses);
  writer.bytes(icmp);
  return frame;
}

bool is_router_advertisement(ByteView frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet || ethernet->type != kEtherTypeIpv6) return false;
  const ByteView packet = frame.subspan(ethernet->payload_offset);
  return packet.size() > kIpv6HeaderSize && packet[6] == kIcmpv6 &&
         packet[kIpv6HeaderSize] == kAdvertisement;
}

std::optional<Frame> RouterSolicitation::start(Instant now) {
  timer_.begin(now);
  return build_router_solicitation(mac_);
}

std::optional<Frame> RouterSolicitation::on_timeout(Instant now) {
  if (over_ || !timer_.is_due(now)) return std::nullopt;
  if (timer_.on_expiry(now) == RetryTimer::Expiry::SendAgain) {
    return build_router_solicitation(mac_);
  }
  over_ = true;
  return std::nullopt;
}

void RouterSolicitation::on_frame(ByteView frame) {
  if (over_ || !is_router_advertisement(frame)) return;
  timer_.stop();
  over_ = true;
  answered_ = true;
}

}  // namespace pxeproof::rom
