#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "live/file_descriptor.h"
#include "protocol/datagram_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// A server whose datagrams, both ways, are kept in the file of dumpfile as far as dumpmask asks for
// them: pcap with raw IP packets (LINKTYPE_RAW), as dnsmasq 2.90 writes it, and behind what is
// there.
class PacketDump : public DatagramService {
 public:
  // The service inside belongs to the caller and outlives this. The file may be closed: nothing is
  // kept then.
  PacketDump(DatagramService& inner, live::FileDescriptor file);

  // From now on; another file only when there is one.
  void configure(const server::Configuration& configuration,
                 std::vector<NetworkInterface> interfaces, live::FileDescriptor file);

  std::vector<std::uint16_t> ports() const override { return inner_.ports(); }
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override { inner_.on_timeout(now); }
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override { return inner_.poll_timeout(); }

 private:
  bool wants(std::uint16_t server_port) const;
  void write_header();
  void write_packet(const Endpoint& source, const Endpoint& destination, ByteView payload);

  DatagramService& inner_;
  live::FileDescriptor file_;
  std::uint32_t mask_ = 0;
  std::set<std::uint16_t> dhcp_ports_;
  std::vector<NetworkInterface> interfaces_;
  Bytes payload_;
  Bytes frame_;
  Bytes record_;
};

}  // namespace pxeproof::cli
