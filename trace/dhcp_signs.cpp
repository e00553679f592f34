#include "trace/dhcp_signs.h"

#include <algorithm>
#include <array>

#include "protocol/dhcp/client_options.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::trace {

namespace {

// A DHCP message longer than this is kept only so far; no firmware sends half of it.
constexpr std::size_t kKeptOctets = 4096;
constexpr std::uint8_t kIcmpUnreachable = 3;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_ipxe(const DhcpStep& step) {
  if (contains(step.user_class, "iPXE") || contains(step.user_class, "gPXE")) return true;
  const auto message = dhcp::MessageView::parse(step.octets);
  return message && message->has(dhcp::OptionCode::EtherBoot);
}

constexpr std::uint8_t kEnd = 255;  // RFC 2132 s.3.2

// What there is of a message that was cut.
struct CutMessage {
  Bytes octets;          // up to the last option that is whole, and an END
  bool has_end = false;  // it had its own: nothing but padding stood behind
};

CutMessage up_to_last_whole_option(ByteView payload) {
  std::size_t at = dhcp::kOptionsOffset;
  while (at + 1 < payload.size() && payload[at] != kEnd) {
    const std::size_t size = payload[at] == 0 ? 1 : std::size_t{2} + payload[at + 1];
    if (at + size > payload.size()) break;
    at += size;
  }
  const ByteView whole = payload.first(std::min(at, payload.size()));
  CutMessage message{.octets = Bytes(whole.begin(), whole.end()),
                     .has_end = at < payload.size() && payload[at] == kEnd};
  message.octets.push_back(kEnd);
  return message;
}

std::uint16_t read_u16(ByteView octets, std::size_t at) {
  return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

}  // namespace

ClientKind kind_of(const DhcpStep& step) {
  if (is_ipxe(step)) return ClientKind::Ipxe;
  if (step.vendor_class.starts_with("HTTPClient")) return ClientKind::HttpRom;
  if (is_class_of_boot(step.vendor_class) || step.architecture) return ClientKind::Rom;
  return ClientKind::Plain;
}

bool is_class_of_boot(std::string_view vendor_class) {
  using namespace std::string_view_literals;
  constexpr std::array kBeginnings = {"PXEClient"sv, "HTTPClient"sv, "U-Boot"sv, "AAPLBSDPC"sv,
                                      "Etherboot"sv};
  return std::ranges::any_of(kBeginnings, [vendor_class](std::string_view beginning) {
    return vendor_class.starts_with(beginning);
  });
}

bool shows_network_boot(const DhcpStep& step) {
  if (step.direction == DhcpStep::Direction::FromClient) {
    return kind_of(step) != ClientKind::Plain || step.item.has_value() || step.to_boot_server();
  }
  return step.vendor_class.starts_with("PXEClient") ||
         step.vendor_class.starts_with("HTTPClient") || step.from_boot_server();
}

bool begins_boot(const DhcpStep& step) {
  return step.direction == DhcpStep::Direction::FromClient &&
         (!step.type || step.type == dhcp::MessageType::Discover);
}

bool asks_alike(const DhcpStep& left, const DhcpStep& right) {
  return kind_of(left) == kind_of(right) && left.vendor_class == right.vendor_class &&
         left.architecture == right.architecture;
}

bool looks_like_dhcp(ByteView payload) {
  if (payload.size() < dhcp::kOptionsOffset) return false;
  const std::uint32_t cookie = std::uint32_t{read_u16(payload, dhcp::kHeaderSize)} << 16U |
                               read_u16(payload, dhcp::kHeaderSize + 2);
  return cookie == dhcp::kMagicCookie;
}

std::optional<DhcpStep> read_seen_dhcp(const SeenPacket& packet) {
  CutMessage shortened;
  ByteView octets = packet.payload;
  bool cut = packet.is_cut() || octets.size() > kKeptOctets;
  if (cut) {
    if (!looks_like_dhcp(octets)) return std::nullopt;
    shortened = up_to_last_whole_option(octets.first(std::min(octets.size(), kKeptOctets)));
    octets = shortened.octets;
    cut = !shortened.has_end;
  }
  const auto message = dhcp::MessageView::parse(octets);
  if (!message) return std::nullopt;
  const bool known_direction =
      message->op() == dhcp::kBootRequest || message->op() == dhcp::kBootReply;
  if (!known_direction) return std::nullopt;
  DhcpStep step = read_dhcp_step(packet.source, packet.destination, *message);
  step.packet = packet.facts;
  step.cut = cut;
  step.message_size = packet.payload_size;
  // RFC 2131 s.2: other hardware has addresses of other lengths; a key needs one of six octets.
  if (message->hlen() != 6) step.client = MacAddress{};
  return step;
}

std::optional<IcmpStep> read_icmp(const SeenPacket& packet) {
  const ByteView octets = packet.payload;
  constexpr std::size_t kQuote = 8;
  if (octets.size() < kQuote + frames::kIpv4HeaderSize || octets[0] != kIcmpUnreachable) {
    return std::nullopt;
  }
  IcmpStep step;
  step.sender = packet.source.address;
  step.type = octets[0];
  step.code = octets[1];
  step.next_mtu = read_u16(octets, 6);
  const ByteView quoted = octets.subspan(kQuote);
  const std::size_t header = std::size_t{4} * (quoted[0] & 0x0fU);
  if ((quoted[0] >> 4U) != 4 || header < frames::kIpv4HeaderSize) return std::nullopt;
  step.about_protocol = quoted[9];
  step.about_source.address = Ipv4Address::from(quoted.subspan(12, 4)).value_or(Ipv4Address{});
  step.about_destination.address = Ipv4Address::from(quoted.subspan(16, 4)).value_or(Ipv4Address{});
  if (quoted.size() >= header + 4) {
    step.about_source.port = read_u16(quoted, header);
    step.about_destination.port = read_u16(quoted, header + 2);
  }
  return step;
}

}  // namespace pxeproof::trace
