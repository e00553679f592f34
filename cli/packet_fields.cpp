#include "cli/packet_fields.h"

#include <fmt/format.h>

#include <array>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

namespace {

// Cuts fields of known sizes off the front of a frame.
class Cutter {
 public:
  Cutter(ByteView octets, std::vector<PacketField>& out) : rest_(octets), out_(out) {}

  void cut(std::string name, std::size_t size) {
    const std::size_t taken = std::min(size, rest_.size());
    if (taken == 0) return;
    out_.push_back({std::move(name),
                    Bytes(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(taken))});
    rest_ = rest_.subspan(taken);
  }
  ByteView rest() const { return rest_; }
  void limit(std::size_t size) { rest_ = rest_.first(std::min(size, rest_.size())); }

 private:
  ByteView rest_;
  std::vector<PacketField>& out_;
};

struct Piece {
  std::string_view name;
  std::size_t size;
};
constexpr std::array kArp{Piece{"arp.hardware", 2},   Piece{"arp.protocol", 2},
                          Piece{"arp.sizes", 2},      Piece{"arp.operation", 2},
                          Piece{"arp.sender_mac", 6}, Piece{"arp.sender_address", 4},
                          Piece{"arp.target_mac", 6}, Piece{"arp.target_address", 4}};
constexpr std::array kIp{Piece{"ip.version", 1},    Piece{"ip.tos", 1},      Piece{"ip.length", 2},
                         Piece{"ip.id", 2},         Piece{"ip.flags", 2},    Piece{"ip.ttl", 1},
                         Piece{"ip.protocol", 1},   Piece{"ip.checksum", 2}, Piece{"ip.source", 4},
                         Piece{"ip.destination", 4}};
constexpr std::array kUdp{Piece{"udp.source_port", 2}, Piece{"udp.destination_port", 2},
                          Piece{"udp.length", 2}, Piece{"udp.checksum", 2}};
constexpr std::array kBootp{
    Piece{"dhcp.op", 1},     Piece{"dhcp.htype", 1},  Piece{"dhcp.hlen", 1},
    Piece{"dhcp.hops", 1},   Piece{"dhcp.xid", 4},    Piece{"dhcp.secs", 2},
    Piece{"dhcp.flags", 2},  Piece{"dhcp.ciaddr", 4}, Piece{"dhcp.yiaddr", 4},
    Piece{"dhcp.siaddr", 4}, Piece{"dhcp.giaddr", 4}, Piece{"dhcp.chaddr", 16},
    Piece{"dhcp.sname", 64}, Piece{"dhcp.file", 128}, Piece{"dhcp.cookie", 4}};

template <std::size_t Count>
void cut_all(Cutter& cutter, const std::array<Piece, Count>& pieces) {
  for (const Piece& piece : pieces) cutter.cut(std::string(piece.name), piece.size);
}

void cut_dhcp_options(Cutter& cutter) {
  while (!cutter.rest().empty()) {
    const std::uint8_t code = cutter.rest().front();
    if (code == 255 || code == 0) break;
    const std::size_t length = cutter.rest().size() > 1 ? cutter.rest()[1] : 0;
    cutter.cut(fmt::format("dhcp.option.{}", code), 2 + length);
  }
  cutter.cut("dhcp.end_and_padding", cutter.rest().size());
}

void cut_tftp(Cutter& cutter) {
  const auto opcode = tftp::peek_opcode(cutter.rest());
  cutter.cut("tftp.opcode", 2);
  if (opcode == tftp::Opcode::Ack || opcode == tftp::Opcode::Data) {
    cutter.cut("tftp.block", 2);
  } else if (opcode == tftp::Opcode::Error) {
    cutter.cut("tftp.error_code", 2);
  }
  cutter.cut("tftp.rest", cutter.rest().size());
}

}  // namespace

std::uint64_t number_of(ByteView value) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : value) number = number << 8U | octet;
  return number;
}

std::vector<PacketField> fields_of(ByteView frame) {
  std::vector<PacketField> fields;
  Cutter cutter(frame, fields);
  cutter.cut("ethernet.destination", 6);
  cutter.cut("ethernet.source", 6);
  cutter.cut("ethernet.type", 2);
  const std::uint64_t type = fields.size() == 3 ? number_of(fields[2].value) : 0;
  if (type == frames::kEtherTypeArp) {
    cut_all(cutter, kArp);
  } else if (type == frames::kEtherTypeIpv4 && cutter.rest().size() >= frames::kIpv4HeaderSize) {
    const std::size_t total = number_of(cutter.rest().subspan(2, 2));
    const std::size_t behind = cutter.rest().size() - std::min(total, cutter.rest().size());
    const ByteView trailer = cutter.rest().last(behind);
    const bool is_udp = cutter.rest()[9] == frames::kProtocolUdp;
    cutter.limit(total);
    cut_all(cutter, kIp);
    if (is_udp) {
      cut_all(cutter, kUdp);
      const ByteView payload = cutter.rest();
      const auto message = dhcp::MessageView::parse(payload);
      if (message) {
        cut_all(cutter, kBootp);
        cut_dhcp_options(cutter);
      } else {
        cut_tftp(cutter);
      }
    }
    cutter.cut("ip.payload", cutter.rest().size());
    if (!trailer.empty()) fields.push_back({"trailer", Bytes(trailer.begin(), trailer.end())});
    return fields;
  }
  cutter.cut("trailer", cutter.rest().size());
  return fields;
}

std::string kind_of(ByteView frame) {
  if (const auto arp = frames::inspect_arp(frame)) {
    if (arp->operation == frames::kArpReply) return "ARP reply";
    return arp->sender_address == arp->target_address ? "ARP announcement" : "ARP request";
  }
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (!udp) return "other";
  if (const auto message = dhcp::MessageView::parse(udp->payload)) {
    const auto type = message->first(dhcp::OptionCode::MessageType);
    const auto vendor = message->text(dhcp::OptionCode::VendorClass);
    return fmt::format("DHCP {} to port {}{}", type && !type->empty() ? (*type)[0] : 0,
                       udp->destination.port,
                       vendor.starts_with("HTTP") ? ", class HTTPClient" : "");
  }
  const auto packet = tftp::decode(udp->payload);
  if (!packet) return "UDP";
  if (const auto* const request = std::get_if<tftp::Request>(&*packet)) {
    std::string options;
    for (const tftp::Option& option : request->options) options += " " + option.name;
    return fmt::format("TFTP RRQ {}{}", printable(request->filename), options);
  }
  if (const auto* const ack = std::get_if<tftp::Ack>(&*packet)) {
    return fmt::format("TFTP ACK {}", ack->block);
  }
  if (const auto* const error = std::get_if<tftp::Error>(&*packet)) {
    return fmt::format("TFTP ERROR {}", error->code);
  }
  return "TFTP";
}

}  // namespace pxeproof::cli
