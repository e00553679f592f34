#include "cli/packet_dump.h"

#include <sys/stat.h>
#include <unistd.h>

#include "live/wall_clock.h"
#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::cli {

namespace {

constexpr std::uint32_t kMagic = 0xa1b2c3d4;  // microseconds
constexpr std::uint32_t kVersion = 0x00040002;
constexpr std::uint32_t kLongest = 65535;
constexpr std::uint32_t kLinkTypeRaw = 101;
constexpr std::int64_t kMicroseconds = 1'000'000;

// In the order of this machine's octets as dnsmasq has it, so that either may go on with a file of
// the other.
void append(Bytes& out, std::uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<std::uint8_t>(word >> static_cast<unsigned>(shift)));
  }
}

}  // namespace

PacketDump::PacketDump(DatagramService& inner, live::FileDescriptor file)
    : inner_(inner), file_(std::move(file)) {
  write_header();
}

void PacketDump::configure(const server::Configuration& configuration,
                           std::vector<NetworkInterface> interfaces, live::FileDescriptor file) {
  mask_ = configuration.dump.file.empty() ? 0 : configuration.dump.mask;
  dhcp_ports_ = {configuration.dhcp_server_port, dhcp::kBootServerPort};
  interfaces_ = std::move(interfaces);
  if (!file.is_open()) return;
  file_ = std::move(file);
  write_header();
}

void PacketDump::write_header() {
  struct stat status {};
  if (!file_.is_open() || fstat(file_.number(), &status) != 0) return;
  if (S_ISREG(status.st_mode) && status.st_size > 0) return;
  record_.clear();
  for (const std::uint32_t word : {kMagic, kVersion, 0U, 0U, kLongest, kLinkTypeRaw}) {
    append(record_, word);
  }
  if (write(file_.number(), record_.data(), record_.size()) < 0) file_ = {};
}

bool PacketDump::wants(std::uint16_t server_port) const {
  const bool is_dhcp = dhcp_ports_.contains(server_port);
  const auto bit = is_dhcp ? server::DumpConfiguration::kDhcp : server::DumpConfiguration::kTftp;
  return file_.is_open() && (mask_ & bit) != 0;
}

void PacketDump::on_datagram(Instant now, const IncomingDatagram& datagram) {
  if (wants(datagram.destination.port)) {
    write_packet(datagram.source, datagram.destination, datagram.payload);
  }
  inner_.on_datagram(now, datagram);
}

bool PacketDump::poll_transmit(OutgoingDatagram& out) {
  if (!inner_.poll_transmit(out)) return false;
  if (!wants(out.source.port)) return true;
  Endpoint source = out.source;
  for (const NetworkInterface& each : interfaces_) {
    if (!source.address.is_unspecified() || each.addresses.empty()) continue;
    if (each.index == out.interface_index) source.address = each.addresses.front().address;
  }
  payload_ = out.head;
  payload_.insert(payload_.end(), out.body.begin(), out.body.end());
  write_packet(source, out.destination, payload_);
  return true;
}

void PacketDump::write_packet(const Endpoint& source, const Endpoint& destination,
                              ByteView payload) {
  frames::build_udp({.source = source, .destination = destination}, payload, frame_);
  const ByteView packet = ByteView(frame_).subspan(frames::kEthernetHeaderSize);
  const auto size = static_cast<std::uint32_t>(packet.size());
  const std::int64_t time = live::wall_clock_microseconds();
  record_.clear();
  append(record_, static_cast<std::uint32_t>(time / kMicroseconds));
  append(record_, static_cast<std::uint32_t>(time % kMicroseconds));
  append(record_, size);
  append(record_, size);
  record_.insert(record_.end(), packet.begin(), packet.end());
  // A full disk must not stop the server; half a record would spoil what follows.
  if (write(file_.number(), record_.data(), record_.size()) !=
      static_cast<ssize_t>(record_.size())) {
    file_ = {};
  }
}

}  // namespace pxeproof::cli
