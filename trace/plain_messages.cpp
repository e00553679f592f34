#include "trace/plain_messages.h"

#include <algorithm>
#include <string_view>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "trace/dhcp_signs.h"

namespace pxeproof::trace {

namespace {

constexpr auto kPad = static_cast<std::uint8_t>(dhcp::OptionCode::Pad);
constexpr auto kEnd = static_cast<std::uint8_t>(dhcp::OptionCode::End);
constexpr auto kMessageType = static_cast<std::uint8_t>(dhcp::OptionCode::MessageType);
constexpr auto kFirstType = static_cast<std::uint8_t>(dhcp::MessageType::Discover);
constexpr auto kLastType = static_cast<std::uint8_t>(dhcp::MessageType::Inform);
constexpr std::size_t kCiaddr = 12;
constexpr std::size_t kYiaddr = 16;
constexpr std::size_t kGiaddr = 24;
constexpr std::size_t kChaddr = 28;
constexpr std::uint8_t kEthernetSize = 6;
// Longer ones are rare, and what is kept must stay small.
constexpr std::size_t kLongest = 1024;

// Options that only programs that boot send, or that change where options stand.
bool is_sign(std::uint8_t code, ByteView value, bool is_from_client) {
  switch (static_cast<dhcp::OptionCode>(code)) {
    case dhcp::OptionCode::Overload:
    case dhcp::OptionCode::UserClass:
    case dhcp::OptionCode::ClientArchitecture:
    case dhcp::OptionCode::ClientMachineIdentifier:
    case dhcp::OptionCode::EtherBoot:
      return true;
    case dhcp::OptionCode::VendorSpecific:
      return is_from_client;
    case dhcp::OptionCode::VendorClass:
      return is_class_of_boot({reinterpret_cast<const char*>(value.data()), value.size()});
    default:
      return false;
  }
}

Ipv4Address address_at(ByteView octets, std::size_t at) {
  return Ipv4Address::from(octets.subspan(at, 4)).value_or(Ipv4Address{});
}

}  // namespace

std::optional<PlainMessage> look_at_message(const SeenPacket& packet) {
  const ByteView octets = packet.payload;
  const bool is_ours = packet.source.port == dhcp::kBootServerPort ||
                       packet.destination.port == dhcp::kBootServerPort;
  if (is_ours || packet.is_cut() || octets.size() > kLongest || !looks_like_dhcp(octets)) {
    return std::nullopt;
  }
  const std::uint8_t op = octets[0];
  if ((op != dhcp::kBootRequest && op != dhcp::kBootReply) || octets[2] != kEthernetSize) {
    return std::nullopt;
  }
  PlainMessage message{
      .type = std::nullopt,
      .is_from_client = op == dhcp::kBootRequest,
      .client = MacAddress::from(octets.subspan(kChaddr, kEthernetSize)).value_or(MacAddress{}),
      .ciaddr = address_at(octets, kCiaddr),
      .yiaddr = address_at(octets, kYiaddr),
      .giaddr = address_at(octets, kGiaddr)};
  std::size_t at = dhcp::kOptionsOffset;
  while (at < octets.size() && octets[at] != kEnd) {
    const std::uint8_t code = octets[at];
    if (code == kPad) {
      ++at;
      continue;
    }
    if (at + 2 > octets.size() || at + 2 + octets[at + 1] > octets.size()) return std::nullopt;
    const ByteView value = octets.subspan(at + 2, octets[at + 1]);
    if (is_sign(code, value, message.is_from_client)) return std::nullopt;
    if (code == kMessageType && !message.type) {
      const bool is_known = value.size() == 1 && value[0] >= kFirstType && value[0] <= kLastType;
      if (!is_known) return std::nullopt;
      message.type = static_cast<dhcp::MessageType>(value[0]);
    }
    at += 2 + value.size();
  }
  return message;
}

bool PlainMessages::keep(std::uint32_t number, Instant at, std::uint32_t interface,
                         const SeenPacket& packet) {
  const bool is_full = kept_.size() == kKept;
  if (!is_full) kept_.emplace_back();
  Kept& place = is_full ? kept_[oldest_] : kept_.back();
  if (is_full) oldest_ = (oldest_ + 1) % kKept;
  place.number = number;
  place.at = at;
  place.facts = packet.facts;
  place.facts.interface = interface;
  place.source = packet.source;
  place.destination = packet.destination;
  place.payload.assign(packet.payload.begin(), packet.payload.end());
  return is_full;
}

std::vector<Step> PlainMessages::take() {
  std::rotate(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(oldest_), kept_.end());
  std::vector<Step> steps;
  for (const Kept& kept : kept_) {
    SeenPacket packet;
    packet.facts = kept.facts;
    packet.source = kept.source;
    packet.destination = kept.destination;
    packet.protocol = frames::kProtocolUdp;
    packet.payload_size = kept.payload.size();
    packet.payload = kept.payload;
    auto step = read_seen_dhcp(packet);
    if (step) steps.push_back({kept.at, kept.number, kept.number, std::move(*step)});
  }
  kept_.clear();
  oldest_ = 0;
  return steps;
}

}  // namespace pxeproof::trace
