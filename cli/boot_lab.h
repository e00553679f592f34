#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/boot_target.h"
#include "cli/failure.h"
#include "cli/faults/fault.h"
#include "cli/lab_plan.h"
#include "live/child_process.h"
#include "live/lab_network.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// Which configuration a lab's boot server gets.
struct LabConfiguration {
  std::string name;        // for messages: a file, or "the article's configuration"
  std::string text;        // of the article's; empty: the file of that name is read
  std::string extended{};  // of a file with further lines behind it; empty: no lines
  server::Configuration configuration;
  LabPlan plan;
};

// Reads the target's configuration and plans the lab, before any namespace is made. With a UEFI
// client the article's configuration has a line for it.
enum class ArticleFor { Bios, Uefi };
Outcome<LabConfiguration> prepare_lab(const BootTarget& target, ArticleFor article,
                                      const std::vector<std::string>& lines = {});

// What --fault options say of a lab's boot server, which has to be our own.
Outcome<std::vector<Fault>> read_lab_faults(const std::vector<std::string>& texts,
                                            BootTarget::Server server);

struct BootLabOptions {
  BootTarget::Server server = BootTarget::Server::Builtin;
  // Any other boot server, in place of those; it is ready when it is bound to its ports.
  struct Program {
    std::string name{};
    live::Command command{};
    std::vector<std::uint16_t> ports{};
  };
  std::optional<Program> program{};
  int verbosity = 0;
  std::uint64_t seed = 1;
  std::vector<Fault> faults{};  // of our own boot server's packets
  // What lies under the server's TFTP root: what the configuration says, or the article's tree.
  enum class Tree { OfConfiguration, Article };
  Tree tree = Tree::OfConfiguration;
  // What our own servers write: each packet, or nothing while thousands boot.
  enum class Log { Packets, Nothing } log = Log::Packets;
  // Direct: each server at the end of a cable of its own, for clients that are their own switch.
  live::HostOptions::Cable cable = live::HostOptions::Cable::Switch;
};

// A private network with an address server and a boot server, each a host of its own. To be made
// inside live::run_in_private_namespaces; it vanishes with it.
class BootLab {
 public:
  // Returns when the servers listen.
  static Outcome<BootLab> start(const LabConfiguration& lab, const BootLabOptions& options);

  // A free port on the switch, for a name of at most 15 characters: the name of an interface for a
  // packet socket.
  Outcome<std::string> add_client_port(const std::string& name);

  // What the servers wrote since the last call, a line each, with the server's name before it.
  std::vector<std::string> take_server_lines();

  // The boot server dies and is started anew; returns when the new one runs, which need not listen
  // yet.
  Outcome<void> restart_boot_server();
  const live::Host& boot_server_host() const { return servers_.back()->host; }
  pid_t boot_server_process() const { return servers_.back()->process.pid(); }

  // A server that has ended by itself; nullopt while all run.
  struct EndedServer {
    std::string name;
    live::Exit exit;
  };
  std::optional<EndedServer> ended_server();

  // All servers, the boot server last.
  std::vector<const live::Host*> hosts() const;

  // Where the tree lies that the boot server serves; empty when it serves none.
  const std::string& tree() const { return tree_; }

 private:
  struct ServerProcess {
    std::string name;
    live::Host host;
    live::ChildProcess process;
    std::vector<std::string> lines{};  // that it wrote while it was waited for

    void keep_lines();
  };

  BootLab(live::LabNetwork network) : network_(std::move(network)) {}
  Outcome<void> add_address_server(const LabPlan& plan, const BootLabOptions& options);
  Outcome<void> add_boot_server(const LabConfiguration& lab, const BootLabOptions& options);
  static Outcome<void> add_routes(const live::Host& host, const LabPlan& plan);
  Outcome<live::ChildProcess> start_boot_server(const live::Host& host) const;
  // dnsmasq listens before it looks for its TFTP directory, and ends when there is none: it is
  // ready when it says that it has started.
  enum class Ready { Listens, SaysSo };
  Outcome<void> wait_until_ready(ServerProcess& server, std::vector<std::uint16_t> ports,
                                 Ready ready = Ready::Listens);

  live::LabNetwork network_;
  LabConfiguration lab_;
  BootLabOptions options_;
  std::string dnsmasq_configuration_;  // a file
  std::vector<std::unique_ptr<ServerProcess>> servers_;
  std::string tree_;
};

}  // namespace pxeproof::cli
