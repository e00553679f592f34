#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/boot_target.h"
#include "cli/failure.h"
#include "cli/lab_plan.h"
#include "live/child_process.h"
#include "live/lab_network.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// Which configuration a lab's boot server gets.
struct LabConfiguration {
  std::string name;  // for messages: a file, or "the article's configuration"
  std::string text;  // of the article's; empty: the file of that name is read
  server::Configuration configuration;
  LabPlan plan;
};

// Reads the target's configuration and plans the lab, before any namespace is made. With a UEFI
// client the article's configuration has a line for it.
enum class ArticleFor { Bios, Uefi };
Outcome<LabConfiguration> prepare_lab(const BootTarget& target, ArticleFor article);

struct BootLabOptions {
  BootTarget::Server server = BootTarget::Server::Builtin;
  int verbosity = 0;
  std::uint64_t seed = 1;
  // What lies under the server's TFTP root: what the configuration says, or the article's tree.
  enum class Tree { OfConfiguration, Article };
  Tree tree = Tree::OfConfiguration;
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

  // Where the tree lies that the boot server serves; empty when it serves none.
  const std::string& tree() const { return tree_; }

 private:
  struct ServerProcess {
    std::string name;
    live::Host host;
    live::ChildProcess process;
  };

  BootLab(live::LabNetwork network) : network_(std::move(network)) {}
  Outcome<void> add_address_server(const LabPlan& plan, const BootLabOptions& options);
  Outcome<void> add_boot_server(const LabConfiguration& lab, const BootLabOptions& options);
  Outcome<void> wait_until_ready(ServerProcess& server, std::vector<std::uint16_t> ports);

  live::LabNetwork network_;
  std::vector<std::unique_ptr<ServerProcess>> servers_;
  std::string tree_;
};

}  // namespace pxeproof::cli
