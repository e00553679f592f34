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

// Opens the files that the TFTP side asks for; cli/ fills it in from the disk or from a process
// that may read it, tests from memory.
class FileOpener {
 public:
  virtual ~FileOpener() = default;

  // Its answer comes through poll_answer, at once or later.
  virtual void ask(const FileRequest& request) = 0;
  virtual bool poll_answer(FileAnswer& out) = 0;

  // The views handed out so far will not be used again.
  virtual void begin_round() = 0;
};

// Keeps what must outlive the server's process.
class LeaseKeeper {
 public:
  virtual ~LeaseKeeper() = default;

  // Writes a change down. Nothing that follows from it is sent before this returns.
  virtual void keep(Instant now, const LeaseChange& change) = 0;
  // All changes of the moment have been handed over.
  virtual void flush(Instant now) = 0;
};

// The whole server behind one datagram interface: each part hears its own ports; leases are written
// down before they are promised. The parts, the opener and the keeper belong to the caller.
class BootService : public DatagramService {
 public:
  // A server may lack one side, and need not keep leases: nullptr.
  BootService(DhcpServer* dhcp, TftpServer* tftp, FileOpener& files, LeaseKeeper* leases = nullptr);

  // Other parts, or parts that have changed their ports. Packets on their way stay.
  void set_parts(DhcpServer* dhcp, TftpServer* tftp);

  // The opener has answers: to be called when they may have come.
  void on_files(Instant now);

  std::vector<std::uint16_t> ports() const override;
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

 private:
  void open_files(Instant now);
  void keep_leases(Instant now);

  DhcpServer* dhcp_;
  TftpServer* tftp_;
  FileOpener& files_;
  LeaseKeeper* leases_;
  std::set<std::uint16_t> dhcp_ports_;
  FileRequest request_;
  LeaseChange change_;
};

}  // namespace pxeproof::server
