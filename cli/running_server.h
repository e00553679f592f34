#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/disk_files.h"
#include "cli/failure.h"
#include "cli/mutant.h"
#include "live/event_loop.h"
#include "live/udp_server.h"
#include "server/boot_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

struct RunningServerOptions {
  // Lines of the log, one or more of them with '\n' between. What a server says about packets it
  // does not answer comes at verbosity 1. Empty: nothing is even put into words.
  std::function<void(const std::string& line)> log;
  int verbosity = 0;
  std::uint64_t seed = 0;
  const Mutant* mutant = nullptr;  // one way to be wrong, for the conformance suite
};

// A server on this machine's sockets and disk, in the network namespace where it was started.
class RunningServer : public live::EventSource {
 public:
  static Outcome<std::unique_ptr<RunningServer>> start(const server::Configuration& configuration,
                                                       RunningServerOptions options);

  // "eth0 192.168.178.2/24: proxyDHCP 67, boot server 4011, TFTP 69 from /var/lib/tftpboot".
  std::vector<std::string> describe() const;

  // Reads a new configuration in; transfers and leases go on.
  Outcome<void> reload(const server::Configuration& configuration);

  std::vector<int> descriptors() const override { return udp_->descriptors(); }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return udp_->deadline(); }

 private:
  explicit RunningServer(RunningServerOptions options) : options_(std::move(options)) {}
  Outcome<void> open_sockets(const server::Configuration& configuration);
  Outcome<void> join_groups();
  void tell_events();

  RunningServerOptions options_;
  std::vector<NetworkInterface> interfaces_;
  server::Configuration configuration_;
  std::vector<std::uint16_t> transfer_ports_;
  DiskFiles files_;
  std::unique_ptr<server::FileOpener> mutant_files_;
  std::unique_ptr<server::DhcpServer> dhcp_;
  std::unique_ptr<server::TftpServer> tftp_;
  std::unique_ptr<server::BootService> service_;
  std::unique_ptr<DatagramService> mutant_service_;
  std::optional<live::UdpServer> udp_;
  server::ServerEvent event_;  // its strings keep their room
  std::string log_lines_;
};

}  // namespace pxeproof::cli
