#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/disk_files.h"
#include "cli/failure.h"
#include "cli/faults/faulty_service.h"
#include "cli/lease_journal.h"
#include "cli/mutant.h"
#include "cli/opener_link.h"
#include "cli/packet_dump.h"
#include "cli/script_queue.h"
#include "cli/server_log.h"
#include "cli/server_resources.h"
#include "live/event_loop.h"
#include "live/udp_server.h"
#include "server/boot_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// "eth0 192.168.178.2/24".
std::string describe_address(const NetworkInterface& interface);

// What of server::TftpLimits an operator may set; nullopt: the default.
struct TftpLimitOptions {
  std::optional<std::uint32_t> transfers_per_client;
  std::optional<std::uint32_t> half_open;
  std::optional<std::uint32_t> waiting;
  std::optional<std::uint32_t> waiting_per_client;
};

struct RunningServerOptions {
  // Lines of the log, one or more of them with '\n' between. Empty: nothing is even put into words.
  std::function<void(const std::string& lines)> log;
  ServerLog::Format log_format = ServerLog::Format::Text;
  int verbosity = 0;  // 1: also what the server says about packets that it does not answer
  // Whether what clients do is in the log, or told otherwise.
  ServerLog::Events events = ServerLog::Events::Logged;
  std::uint64_t seed = 0;
  TftpLimitOptions limits{};
  std::vector<Fault> faults{};     // what is wrong with its packets; the seed is theirs, too
  const Mutant* mutant = nullptr;  // one way to be wrong, for the conformance suite
  // Who opens files and sockets; nullptr: this process, which then has to have the rights.
  OpenerLink* opener = nullptr;
  // Who runs the program of dhcp-script; nullptr: nobody.
  ScriptQueue* scripts = nullptr;
  // Sees every event beside the log.
  std::function<void(const server::ServerEvent&)> on_dhcp{};
  std::function<void(const server::TftpEvent&)> on_tftp{};
};

// A server on this machine's sockets, in the network namespace where it was started.
class RunningServer : public live::EventSource {
 public:
  // Opens what the configuration needs.
  static Outcome<std::unique_ptr<RunningServer>> start(const server::Configuration& configuration,
                                                       RunningServerOptions options);
  // With what the opener has opened.
  static Outcome<std::unique_ptr<RunningServer>> start(ReadyServer ready,
                                                       RunningServerOptions options);

  // "eth0 192.168.178.2/24: proxyDHCP 67, boot server 4011, TFTP 69 from /var/lib/tftpboot".
  // An interface that is not served says so.
  std::vector<std::string> describe() const;

  // Asks the opener for the configuration anew; on_reloaded hears how that ended. Transfers and
  // leases go on, and so does the old configuration when the new one is broken.
  using Reloaded = std::function<void(const Outcome<void>&)>;
  enum class Warnings { All, New };  // those in the log: of this reading, or not of the one before
  void reload(Reloaded on_reloaded, Warnings warnings = Warnings::All);

  // Asks the opener for what is in the watched directories now; this names the files that changed.
  void read_directories(const std::set<std::string>& changed);

  // Looks which interfaces and addresses there are now and serves those, as reload does for them;
  // files are not read. Whether there are others than before.
  bool read_interfaces();

  // Writes the last leases down. Nothing is sent afterwards.
  void stop(Instant now);

  const server::Configuration& configuration() const { return configuration_; }
  const std::vector<NetworkInterface>& interfaces() const { return interfaces_; }
  const server::DhcpServer* dhcp() const { return dhcp_serves_ ? dhcp_.get() : nullptr; }
  const server::TftpServer* tftp() const { return tftp_.get(); }
  const LeaseJournal* leases() const { return journal_.get(); }
  const live::UdpServer& sockets() const { return *udp_; }
  const ServerLog& log() const { return log_; }
  // Why the server cannot go on; nullopt: it can.
  std::optional<Failure> failure() const;

  // Hears the opener; nullptr without one. To be driven beside the server.
  live::EventSource* opener_source() { return opener_source_.get(); }

  std::vector<int> descriptors() const override { return udp_->descriptors(); }
  live::Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override;

 private:
  explicit RunningServer(RunningServerOptions options);
  Outcome<void> apply(ReadyServer ready);
  void apply_tftp();
  void apply_dhcp();
  Outcome<void> apply_sockets(ServerResources& resources);
  // The leases of the journal that ended before this run.
  std::vector<server::WrittenLease> apply_leases(ServerResources& resources);
  void apply_script(const std::vector<server::WrittenLease>& ended);
  void apply_dump(live::FileDescriptor& file);
  void run_scripts(Instant now, const server::LeaseChange& change);
  void close_unused_ports();
  Outcome<void> join_groups();
  void request_from_opener();
  void hear_sockets(Outcome<ReadyServer> opened);
  void hear_directories(Outcome<ReadyServer> loaded);
  void hear_configuration(Outcome<ReadyServer> loaded);
  void tell_warnings(const std::vector<server::Diagnostic>& warnings);
  void tell_network(const std::vector<std::string>& before);
  void tell_refusals();
  std::string describe_dhcp(const NetworkInterface& interface) const;
  DatagramService& service();
  void log_line(const std::string& line);
  void flush_log();
  void hear_opener(Instant now);
  class OpenerSource;
  void tell_events();

  RunningServerOptions options_;
  ServerLog log_;
  ResourceOpener own_resources_;  // without an opener
  DiskFiles own_files_;
  std::vector<NetworkInterface> interfaces_;
  server::Configuration configuration_;
  std::vector<std::uint16_t> transfer_ports_;
  bool reads_as_root_ = false;
  std::set<std::uint16_t> wanted_ports_;  // all of them
  std::unique_ptr<live::EventSource> opener_source_;
  std::unique_ptr<server::LeaseKeeper> keeper_;  // hands on to the journal
  std::unique_ptr<LeaseJournal> journal_;
  std::unique_ptr<server::DhcpServer> dhcp_;  // kept for its leases when it has nothing to serve
  bool dhcp_serves_ = false;
  std::unique_ptr<server::TftpServer> tftp_;
  std::unique_ptr<server::FileOpener> mutant_files_;
  std::unique_ptr<server::BootService> service_;
  std::unique_ptr<DatagramService> mutant_service_;
  std::unique_ptr<FaultyService> faulty_service_;
  std::unique_ptr<PacketDump> dump_;
  std::optional<server::LeaseScript> script_;  // nothing: no program is run
  std::optional<live::UdpServer> udp_;
  std::vector<Reloaded> reloading_;
  Warnings warnings_ = Warnings::New;     // wanted of the reload that is asked for
  std::set<std::string> known_warnings_;  // of the last reading
  bool wants_sockets_ = false;            // interfaces have changed since sockets were opened
  bool wants_directories_ = false;        // their files have changed since they were read
  enum class Asked { Nothing, Configuration, Directories, Sockets };
  Asked asked_ = Asked::Nothing;  // of the opener, which has not answered yet
  // When the log said last that the kernel refuses to send, by interface and errno.
  std::map<std::pair<std::uint32_t, int>, Instant> refusals_told_;
  bool has_unused_ports_ = false;
  server::ServerEvent event_;  // its strings keep their room
  std::string log_lines_;      // of the round that is being told
  bool is_telling_ = false;
};

}  // namespace pxeproof::cli
