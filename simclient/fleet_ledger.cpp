#include "simclient/fleet_ledger.h"

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::rom {

namespace {

constexpr std::size_t kIp = frames::kEthernetHeaderSize;
constexpr std::size_t kEtherType = 12;
constexpr std::size_t kProtocol = kIp + 9;

std::uint16_t read16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>((octets[at] << 8U) | octets[at + 1]);
}

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
  if (frame.size() < kIp + frames::kIpv4HeaderSize + frames::kUdpHeaderSize ||
      read16(frame, kEtherType) != frames::kEtherTypeIpv4 ||
      frame[kProtocol] != frames::kProtocolUdp) {
    return std::nullopt;
  }
  const std::size_t udp = kIp + std::size_t{frame[kIp] & 0x0fU} * 4;
  if (frame.size() < udp + frames::kUdpHeaderSize) return std::nullopt;
  const std::uint16_t source = read16(frame, udp);
  const std::uint16_t destination = read16(frame, udp + 2);
  const ByteView payload = frame.subspan(udp + frames::kUdpHeaderSize);
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
