#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "protocol/datagram_service.h"
#include "protocol/file_service.h"
#include "server/dhcp_server.h"
#include "server/tftp_server.h"

namespace pxeproof::server {

// Opens the files that the TFTP side asks for; cli/ fills it in from the disk, tests from memory.
class FileOpener {
 public:
  virtual ~FileOpener() = default;

  virtual FileAnswer open(const FileRequest& request) = 0;

  // The views handed out so far will not be used again.
  virtual void begin_round() = 0;
};

// The whole server behind one datagram interface: each part hears its own ports, and file requests
// are answered before anything is sent. The parts and the opener belong to the caller.
class BootService : public DatagramService {
 public:
  // A server may lack one side: nullptr.
  BootService(DhcpServer* dhcp, TftpServer* tftp, FileOpener& files);

  std::vector<std::uint16_t> ports() const override;
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

 private:
  void open_files(Instant now);

  DhcpServer* dhcp_;
  TftpServer* tftp_;
  FileOpener& files_;
  std::set<std::uint16_t> dhcp_ports_;
  FileRequest request_;
};

}  // namespace pxeproof::server
