#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/disk_files.h"
#include "cli/mutant.h"
#include "protocol/datagram_service.h"
#include "server/boot_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// Our server for the virtual network, with files from a real disk: it can be started again, its log
// can be read, and a mutant can stand in front of it.
class ServerUnderTest : public DatagramService {
 public:
  ServerUnderTest(server::Configuration configuration, NetworkInterface interface,
                  std::uint64_t seed, const Mutant* mutant);
  ~ServerUnderTest() override;

  // As after SIGTERM and a new start: transfers are gone.
  void restart();
  const std::vector<std::string>& log();

  std::vector<std::uint16_t> ports() const override { return ports_; }
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

 private:
  DatagramService& outer();
  const DatagramService& outer() const;
  void keep_log();

  server::Configuration configuration_;
  NetworkInterface interface_;
  std::uint64_t seed_;
  std::uint64_t starts_ = 0;
  const Mutant* mutant_;
  DiskFiles disk_;
  std::unique_ptr<server::FileOpener> files_;  // of a mutant
  std::unique_ptr<server::DhcpServer> dhcp_;
  std::unique_ptr<server::TftpServer> tftp_;
  std::unique_ptr<server::BootService> service_;
  std::unique_ptr<DatagramService> wrapped_;  // of a mutant
  std::vector<std::uint16_t> ports_;
  std::vector<std::string> log_;
};

}  // namespace pxeproof::cli
