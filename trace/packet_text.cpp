#include "trace/packet_text.h"

#include <fmt/format.h>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::trace {

namespace {

std::string describe_options(const std::vector<tftp::Option>& options) {
  std::string text;
  for (const tftp::Option& option : options) {
    text += fmt::format(" {}={}", printable(option.name), printable(option.value));
  }
  return text;
}

struct TftpDescriber {
  std::string operator()(const tftp::Request& request) const {
    return fmt::format("TFTP {} {} {}{}", request.opcode == tftp::Opcode::Rrq ? "RRQ" : "WRQ",
                       printable(request.filename), printable(request.mode),
                       describe_options(request.options));
  }
  std::string operator()(const tftp::Data& data) const {
    return fmt::format("TFTP DATA {} ({} octets)", data.block, data.payload.size());
  }
  std::string operator()(const tftp::Ack& ack) const {
    return fmt::format("TFTP ACK {}", ack.block);
  }
  std::string operator()(const tftp::Error& error) const {
    return fmt::format("TFTP ERROR {} \"{}\"", error.code, printable(error.text));
  }
  std::string operator()(const tftp::Oack& oack) const {
    return "TFTP OACK" + describe_options(oack.options);
  }
};

std::string describe_dhcp(const dhcp::MessageView& message) {
  const auto type = message.type();
  std::string text = fmt::format("DHCP {} xid {:08x} secs {} flags {:04x} client {}",
                                 type ? to_string(*type) : std::string_view("BOOTP"), message.xid(),
                                 message.secs(), message.flags(), to_string(message.mac()));
  const auto add_address = [&text](std::string_view name, Ipv4Address address) {
    if (!address.is_unspecified()) text += fmt::format(" {} {}", name, to_string(address));
  };
  add_address("ciaddr", message.ciaddr());
  add_address("yiaddr", message.yiaddr());
  add_address("siaddr", message.siaddr());
  add_address("giaddr", message.giaddr());
  if (!message.boot_file().empty()) {
    text += fmt::format(" file \"{}\"", printable(message.boot_file()));
  }
  text += " options";
  message.each_option(
      [&text](const dhcp::OptionView& option) { text += fmt::format(" {}", option.code); });
  return text;
}

std::string describe_udp(const frames::Udp& udp) {
  if (const auto message = dhcp::MessageView::parse(udp.payload)) return describe_dhcp(*message);
  if (const auto packet = tftp::decode(udp.payload)) return std::visit(TftpDescriber{}, *packet);
  return fmt::format("UDP {} octets", udp.payload.size());
}

}  // namespace

std::string describe_packet(ByteView frame) {
  if (const auto arp = frames::inspect_arp(frame)) {
    if (arp->operation == frames::kArpReply) {
      return fmt::format("ARP {} is at {}", to_string(arp->sender_address),
                         to_string(arp->sender_mac));
    }
    return fmt::format("ARP who has {}? tell {}", to_string(arp->target_address),
                       to_string(arp->sender_address));
  }
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (!udp) return {};
  return fmt::format("{} > {} {}", to_string(udp->source), to_string(udp->destination),
                     describe_udp(*udp));
}

std::string hex_dump(ByteView frame, std::string_view indent) {
  constexpr std::size_t kRow = 16;
  std::string text;
  for (std::size_t offset = 0; offset < frame.size(); offset += kRow) {
    const ByteView row = frame.subspan(offset, std::min(kRow, frame.size() - offset));
    std::string octets;
    std::string letters;
    for (const std::uint8_t octet : row) {
      octets += fmt::format("{:02x} ", octet);
      letters.push_back(octet >= 0x20 && octet < 0x7f ? static_cast<char>(octet) : '.');
    }
    text += fmt::format("{}{:04x}  {:<48} {}\n", indent, offset, octets, letters);
  }
  return text;
}

}  // namespace pxeproof::trace
