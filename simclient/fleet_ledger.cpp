#include "simclient/fleet_ledger.h"

#include "protocol/dhcp/message.h"
#include "protocol/tftp/packet.h"
#include "simclient/frame_peek.h"

namespace pxeproof::rom {

namespace {

std::optional<Classified> classify_transfer(ByteView payload) {
  const auto opcode = tftp::peek_opcode(payload);
  if (!opcode) return std::nullopt;
  switch (*opcode) {
    case tftp::Opcode::Rrq:
      return Classified{Exchange::File, Traffic::Question};
    case tftp::Opcode::Ack:
      return Classified{Exchange::Block, Traffic::Question};
    case tftp::Opcode::Oack:
    case tftp::Opcode::Error:
      return Classified{Exchange::File, Traffic::Answer};
    case tftp::Opcode::Data:
      return Classified{Exchange::Block, Traffic::Answer};
    case tftp::Opcode::Wrq:
      break;
  }
  return std::nullopt;
}

// Whether option 53 says so, wherever it stands.
bool is_discover_or_offer(ByteView payload) {
  constexpr std::size_t kFirstOption = 240;
  constexpr std::uint8_t kPad = 0;
  constexpr std::uint8_t kEnd = 255;
  constexpr std::uint8_t kMessageType = 53;
  std::size_t at = kFirstOption;
  while (at + 2 < payload.size() && payload[at] != kEnd) {
    if (payload[at] == kMessageType) return payload[at + 2] == 1 || payload[at + 2] == 2;
    at += payload[at] == kPad ? 1 : std::size_t{2} + payload[at + 1];
  }
  return false;
}

}  // namespace

std::string_view to_string(Exchange exchange) {
  switch (exchange) {
    case Exchange::Discover:
      return "DISCOVER";
    case Exchange::Request:
      return "REQUEST";
    case Exchange::BootItem:
      return "4011";
    case Exchange::File:
      return "RRQ";
    case Exchange::Block:
      return "ACK";
  }
  return {};
}

std::optional<Classified> classify(ByteView frame) {
  const auto udp = behind_ip(frame, frames::kProtocolUdp, frames::kUdpHeaderSize);
  if (!udp) return std::nullopt;
  const std::uint16_t source = read16(*udp, 0);
  const std::uint16_t destination = read16(*udp, 2);
  const ByteView payload = udp->subspan(frames::kUdpHeaderSize);
  if (destination == dhcp::kBootServerPort || source == dhcp::kBootServerPort) {
    // Some firmware asks from the port that it asks.
    const bool is_reply = !payload.empty() && payload[0] == dhcp::kBootReply;
    return Classified{Exchange::BootItem, is_reply ? Traffic::Answer : Traffic::Question};
  }
  if (destination == dhcp::kServerPort && source != dhcp::kServerPort) {
    return Classified{is_discover_or_offer(payload) ? Exchange::Discover : Exchange::Request,
                      Traffic::Question};
  }
  if (source == dhcp::kServerPort) {
    return Classified{is_discover_or_offer(payload) ? Exchange::Discover : Exchange::Request,
                      Traffic::Answer};
  }
  return classify_transfer(payload);
}

}  // namespace pxeproof::rom
