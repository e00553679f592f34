#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "live/confinement.h"
#include "live/file_descriptor.h"
#include "live/udp_socket.h"
#include "protocol/datagram_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// Where leases are kept: the journal, open for appending, and what it held when it was opened.
struct LeaseFile {
  std::string path;  // for messages
  live::FileDescriptor journal;
};

// What one reading of the configuration comes to, beside the configuration itself: all that takes
// rights which a confined server has not.
struct ServerResources {
  std::vector<NetworkInterface> interfaces;
  std::set<std::uint16_t> fixed_ports;        // 67, 4011, 69, as far as they are wanted
  std::vector<std::uint16_t> transfer_ports;  // of TFTP; empty: single-port mode, or no TFTP
  std::vector<live::UdpSocket> sockets;       // those of the ports that were not open before
  // Files are read with all rights of root: then only what everybody may read is sent.
  bool reads_as_root = false;
  std::optional<LeaseFile> lease_file;  // where it is another one than before
  live::FileDescriptor dump_file;       // likewise
};

// Opens what a configuration needs and remembers what is open, so that the next configuration only
// opens what is new.
class ResourceOpener {
 public:
  // Nothing is remembered when it fails.
  Outcome<ServerResources> open(const server::Configuration& configuration);

  const std::optional<live::UserIdentity>& reader() const { return reader_; }

 private:
  // What sockets are bound to.
  struct Binding {
    std::string interface;    // the only one; empty: all
    std::uint32_t index = 0;  // of that interface, which has another when it comes again
    Ipv4Address tftp{};       // port 69 is bound to that address only; unspecified: to all
    bool is_shared = false;   // with servers that are bound to other interfaces
    friend bool operator==(const Binding&, const Binding&) = default;
  };
  static Binding make_binding(const server::Configuration& configuration,
                              const std::vector<NetworkInterface>& present);
  struct Transfers {
    bool wanted = false;
    std::optional<std::pair<std::uint16_t, std::uint16_t>> range;
    friend bool operator==(const Transfers&, const Transfers&) = default;
  };

  Outcome<void> open_fixed_ports(const server::Configuration& configuration, const Binding& binding,
                                 ServerResources& resources) const;
  Outcome<void> open_transfer_ports(const Transfers& wanted, const Binding& binding,
                                    ServerResources& resources) const;

  bool has_opened_ = false;
  Binding binding_;
  std::set<std::uint16_t> fixed_ports_;
  Transfers transfers_;
  std::vector<std::uint16_t> transfer_ports_;
  std::string lease_file_;
  std::string dump_file_;
  std::optional<live::UserIdentity> reader_;  // whose rights files are opened with; nullopt: ours
};

// The interfaces that the configuration names and that are not there, or not up.
std::vector<std::string> missing_interfaces(const server::Configuration& configuration,
                                            const std::vector<NetworkInterface>& present);

// Whether sockets are others when other interfaces are there.
bool follows_interfaces(const server::Configuration& configuration);

// dhcp-leasefile, where there is something to lease; empty: none.
std::string wanted_lease_file(const server::Configuration& configuration);

// Refuses a configuration with which there is nothing to answer; source: where it was read.
Outcome<void> check_serves(const server::Configuration& configuration, std::string_view source);

// dnsmasq's rule: the user and group that the configuration names; nullopt where it names none or
// where this process is not root.
Outcome<std::optional<live::UserIdentity>> configured_user(
    const server::Configuration& configuration);

// Whether files are read with all rights of root.
bool reads_as_root(const std::optional<live::UserIdentity>& reader);

}  // namespace pxeproof::cli
