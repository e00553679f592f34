#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "live/child_process.h"
#include "live/file_descriptor.h"
#include "live/private_tree.h"
#include "live/system_error.h"
#include "protocol/addresses.h"

namespace pxeproof::live {

struct HostOptions {
  std::string name;  // also of its port on the switch: letters, digits and '-', at most 15
  MacAddress mac;
  Subnet address;
  std::optional<Ipv4Address> gateway{};
  std::string interface = "eth0";  // what the host itself calls its network interface
  std::uint32_t mtu = 1500;
  // Direct: not on the switch; the other end of its cable is an interface of the host's name in the
  // calling process's network namespace, for a PacketPort.
  enum class Cable { Switch, Direct } cable = Cable::Switch;
  std::vector<TreeMount> trees{};
  // Emptied, in memory, for what servers write: leases, locks, logs.
  std::vector<std::string> private_directories{"/run", "/var/lib/misc"};
};

// A machine of the lab: a network and a mount namespace without a process of its own. It lasts as
// long as this object or a process in it.
class Host {
 public:
  const HostOptions& options() const { return options_; }

  // Runs a program or a function as this host.
  SystemResult<ChildProcess> start(const Command& command) const;
  SystemResult<ChildProcess> start(const std::function<int()>& body) const;

  // Joins this host's namespaces, for ChildProcess::start. Valid while the host lives.
  ChildProcess::Preparation joining() const;

  // Runs a function of the calling process in this host's network: the sockets that it opens stay
  // there.
  SystemResult<void> within_network(const std::function<SystemResult<void>()>& work) const;

 private:
  friend class LabNetwork;
  Host(HostOptions options, FileDescriptor network, FileDescriptor mounts)
      : options_(std::move(options)), network_(std::move(network)), mounts_(std::move(mounts)) {}

  HostOptions options_;
  FileDescriptor network_;
  FileDescriptor mounts_;
};

// The cable and the switch of a lab: a bridge in the calling process's network namespace, which
// must be a private one (run_in_private_namespaces).
class LabNetwork {
 public:
  static SystemResult<LabNetwork> create();

  // A host on the switch, up and running, with its address.
  SystemResult<Host> add_host(HostOptions options);

  // A port for something that speaks Ethernet itself, a Station or QEMU: the name of an interface
  // in the calling process's network namespace, for a PacketPort.
  SystemResult<std::string> add_port(const std::string& name);

 private:
  LabNetwork() = default;
};

}  // namespace pxeproof::live
