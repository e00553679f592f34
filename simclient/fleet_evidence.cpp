#include "simclient/fleet_evidence.h"

#include "protocol/dhcp/message.h"
#include "protocol/tftp/packet.h"
#include "simclient/frame_peek.h"

namespace pxeproof::rom {

namespace {

ByteView udp_payload(ByteView frame) {
  const auto udp = behind_ip(frame, frames::kProtocolUdp, frames::kUdpHeaderSize);
  return udp ? udp->subspan(frames::kUdpHeaderSize) : ByteView{};
}

}  // namespace

bool offers_address(ByteView frame) {
  constexpr std::size_t kYiaddr = 16;
  const ByteView payload = udp_payload(frame);
  if (payload.size() < kYiaddr + 4) return false;
  const auto yiaddr = Ipv4Address::from(payload.subspan(kYiaddr, 4));
  return yiaddr && !yiaddr->is_unspecified();
}

std::optional<std::string> refusal_text(ByteView frame) {
  const auto view = dhcp::MessageView::parse(udp_payload(frame));
  if (!view || view->type() != dhcp::MessageType::Nak) return std::nullopt;
  const auto text = view->first(dhcp::OptionCode::Message);
  return text ? std::string(text->begin(), text->end()) : std::string();
}

bool knows_no_transfer(ByteView frame) {
  constexpr std::uint16_t kUnknownTransfer = 5;
  const ByteView payload = udp_payload(frame);
  return payload.size() >= 4 && tftp::peek_opcode(payload) == tftp::Opcode::Error &&
         read16(payload, 2) == kUnknownTransfer;
}

// RFC 792: 8 octets of ICMP, then the datagram's IP header and 8 octets of what it carried.
std::optional<Exchange> closed_port(ByteView frame) {
  constexpr std::size_t kIcmp = 8;
  constexpr std::uint8_t kUnreachable = 3;
  constexpr std::uint8_t kPort = 3;
  const auto icmp = behind_ip(frame, frames::kProtocolIcmp,
                              kIcmp + frames::kIpv4HeaderSize + frames::kUdpHeaderSize);
  if (!icmp || (*icmp)[0] != kUnreachable || (*icmp)[1] != kPort) return std::nullopt;
  const ByteView quoted = icmp->subspan(kIcmp);
  const std::size_t udp = std::size_t{quoted[0] & 0x0fU} * 4;
  if (quoted[9] != frames::kProtocolUdp || quoted.size() < udp + 4) return std::nullopt;
  switch (read16(quoted, udp + 2)) {
    case dhcp::kServerPort:
      return Exchange::Request;
    case dhcp::kBootServerPort:
      return Exchange::BootItem;
    case tftp::kPort:
      return Exchange::File;
    default:
      return Exchange::Block;
  }
}

void count_arp_sent(FleetEvidence& evidence, ByteView frame) {
  constexpr std::size_t kNeighbours = 16;
  const auto arp = frames::inspect_arp(frame);
  if (!arp || arp->operation != frames::kArpRequest) return;
  // Who asks for its own address looks for a conflict, and hopes for silence.
  const bool is_own = arp->sender_address == arp->target_address;
  if (is_own || arp->sender_address.is_unspecified()) return;
  auto& neighbours = evidence.neighbours;
  if (neighbours.size() >= kNeighbours && !neighbours.contains(arp->target_address)) return;
  ++neighbours[arp->target_address].asked;
}

void count_arp_received(FleetEvidence& evidence, ByteView frame) {
  const auto arp = frames::inspect_arp(frame);
  if (!arp) return;
  const auto neighbour = evidence.neighbours.find(arp->sender_address);
  if (neighbour != evidence.neighbours.end()) ++neighbour->second.answered;
}

std::optional<std::uint16_t> destination_port(ByteView frame) {
  const auto udp = behind_ip(frame, frames::kProtocolUdp, frames::kUdpHeaderSize);
  if (!udp) return std::nullopt;
  return read16(*udp, 2);
}

}  // namespace pxeproof::rom
