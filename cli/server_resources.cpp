#include "cli/server_resources.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "live/disk.h"
#include "live/memory_file.h"
#include "live/network_interfaces.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/tftp/packet.h"
#include "server/lease_text.h"
#include "server/tftp_options.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kTransferPorts = 64;
// A request takes up to 1,280 octets in the kernel: room for those of 10,000 machines at once.
constexpr int kRequestBuffer = 16 * 1024 * 1024;

bool is_wildcard(std::string_view name) { return name.find('*') != std::string_view::npos; }

Failure environment(const live::SystemError& error) {
  return {ExitCode::EnvironmentFailed, error.message};
}

const NetworkInterface* find_interface(const std::vector<NetworkInterface>& present,
                                       std::string_view name) {
  const auto found = std::ranges::find(present, name, &NetworkInterface::name);
  return found == present.end() ? nullptr : &*found;
}

bool is_present(const std::vector<NetworkInterface>& present, Ipv4Address address) {
  return std::ranges::any_of(present, [address](const NetworkInterface& each) {
    return std::ranges::find(each.addresses, address, &Subnet::address) != each.addresses.end();
  });
}

bool binds(const server::Configuration& configuration) {
  return configuration.bind_interfaces || configuration.bind_dynamic;
}

// The only interface that is named; empty: there are several, or none.
std::string only_interface(const server::Configuration& configuration) {
  std::vector<std::string> names;
  for (const std::string& name : configuration.interfaces) {
    if (name != "lo") names.push_back(name);
  }
  return names.size() == 1 && !is_wildcard(names[0]) ? names[0] : std::string();
}

// Otherwise it is served when it comes.
Outcome<void> check_interfaces(const server::Configuration& configuration,
                               const std::vector<NetworkInterface>& present) {
  if (!configuration.bind_interfaces) return {};
  const std::vector<std::string> missing = missing_interfaces(configuration, present);
  if (missing.empty()) return {};
  std::string names;
  for (const NetworkInterface& each : present) names += (names.empty() ? "" : ", ") + each.name;
  return wrong_usage(fmt::format(
      "interface={}: this machine has no such interface that is up; it has {}; bring it up, or use "
      "bind-dynamic instead of bind-interfaces to have it served when it comes",
      missing.front(), names.empty() ? "none" : names));
}

Outcome<void> check_roots(const server::TftpConfiguration& tftp) {
  if (!tftp.enabled || tftp.no_fail) return {};
  std::vector<std::string> roots;
  if (!tftp.root.empty()) roots.push_back(tftp.root);
  for (const auto& [interface, root] : tftp.interface_roots) roots.push_back(root);
  for (const std::string& root : roots) {
    if (const auto checked = live::Disk::check_root(root); !checked) {
      const std::string where = tftp.root_location.file.empty()
                                    ? std::string()
                                    : server::to_string(tftp.root_location) + ": ";
      return wrong_usage(where + checked.error().message);
    }
  }
  return {};
}

std::set<std::uint16_t> wanted_ports(const server::Configuration& configuration) {
  std::set<std::uint16_t> ports;
  if (configuration.serves_dhcp()) {
    ports.insert(configuration.dhcp_server_port);
    if (configuration.pxe_enabled()) ports.insert(dhcp::kBootServerPort);
  }
  if (configuration.tftp.enabled) ports.insert(tftp::kPort);
  return ports;
}

Outcome<LeaseFile> open_lease_file(const std::string& path) {
  LeaseFile file{.path = path,
                 .journal = live::FileDescriptor(::open(
                     path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644))};
  if (!file.journal.is_open()) {
    return wrong_usage(
        live::last_error("dhcp-leasefile " + path, "name a file that the server may write")
            .message);
  }
  // A server that was killed has let go a moment later, when its opener has noticed.
  if (!live::lock_file_within(file.journal, std::chrono::seconds(1))) {
    return environment_failed(
        fmt::format("dhcp-leasefile {}: another server uses it; give each its own", path));
  }
  // Written anew it would be empty.
  const auto octets = live::read_whole_file(file.journal);
  if (octets && server::is_no_lease_file(as_text(*octets))) {
    return wrong_usage(
        fmt::format("dhcp-leasefile {}: is there already, and no line of it is a lease; name "
                    "another file, or move this one away",
                    path));
  }
  return file;
}

}  // namespace

std::vector<std::string> missing_interfaces(const server::Configuration& configuration,
                                            const std::vector<NetworkInterface>& present) {
  std::vector<std::string> missing;
  for (const std::string& name : configuration.interfaces) {
    if (name.empty() || name == "lo" || is_wildcard(name)) continue;
    if (find_interface(present, name) == nullptr) missing.push_back(name);
  }
  return missing;
}

bool follows_interfaces(const server::Configuration& configuration) {
  return !only_interface(configuration).empty() || binds(configuration);
}

std::string wanted_lease_file(const server::Configuration& configuration) {
  const bool has_none = configuration.ranges.empty() || configuration.no_lease_file;
  return has_none ? std::string() : configuration.lease_file;
}

Outcome<void> check_serves(const server::Configuration& configuration, std::string_view source) {
  if (configuration.serves_dhcp() || configuration.tftp.enabled) return {};
  return wrong_usage(
      fmt::format("{}: this serves nothing: there is neither a dhcp-range nor a dhcp-relay nor "
                  "enable-tftp; add dhcp-range=<address of the network>,proxy and a pxe-service, "
                  "or enable-tftp",
                  printable(source)));
}

Outcome<std::optional<live::UserIdentity>> configured_user(
    const server::Configuration& configuration) {
  const bool is_named = !configuration.user.empty() || !configuration.group.empty();
  if (!is_named || geteuid() != 0) return std::optional<live::UserIdentity>();
  // dnsmasq's user beside a group.
  auto found = live::find_user(configuration.user.empty() ? "nobody" : configuration.user,
                               configuration.group);
  if (!found) {
    return wrong_usage((configuration.user.empty() ? "group=" + configuration.group
                                                   : "user=" + configuration.user) +
                       ": " + found.error().message);
  }
  return std::optional(std::move(*found));
}

bool reads_as_root(const std::optional<live::UserIdentity>& reader) {
  return geteuid() == 0 && (!reader || reader->user == 0);
}

// dnsmasq binds a TFTP socket to each address that is served; here it is one socket, which is bound
// to that one address or not to any.
ResourceOpener::Binding ResourceOpener::make_binding(const server::Configuration& configuration,
                                                     const std::vector<NetworkInterface>& present) {
  Binding binding;
  // So a second server may listen on another one. No socket can be bound to what is not there.
  const auto* only = find_interface(present, only_interface(configuration));
  if (only != nullptr) {
    binding.interface = only->name;
    binding.index = only->index;
  }
  if (!binds(configuration)) return binding;
  binding.is_shared = true;
  const auto& listed = configuration.listen_addresses;
  if (only != nullptr && listed.empty() && only->addresses.size() == 1) {
    binding.tftp = only->addresses.front().address;
  } else if (configuration.interfaces.empty() && listed.size() == 1 &&
             (configuration.bind_interfaces || is_present(present, listed.front()))) {
    binding.tftp = listed.front();
  }
  return binding;
}

Outcome<ServerResources> ResourceOpener::open(const server::Configuration& configuration) {
  if (auto checked = check_serves(configuration, "configuration"); !checked)
    return fail(checked.error());
  ServerResources resources;
  auto interfaces = live::list_network_interfaces();
  if (!interfaces) return fail(environment(interfaces.error()));
  resources.interfaces = std::move(*interfaces);
  if (auto checked = check_interfaces(configuration, resources.interfaces); !checked)
    return fail(checked.error());
  auto user = configured_user(configuration);
  if (!user) return fail(user.error());
  {
    const live::ActingAs reader(*user);
    if (auto checked = check_roots(configuration.tftp); !checked) return fail(checked.error());
  }
  resources.reads_as_root = reads_as_root(*user);

  const Binding binding = make_binding(configuration, resources.interfaces);
  if (auto opened = open_fixed_ports(configuration, binding, resources); !opened)
    return fail(opened.error());
  const Transfers transfers{.wanted = configuration.tftp.enabled && !configuration.tftp.single_port,
                            .range = configuration.tftp.port_range};
  if (auto opened = open_transfer_ports(transfers, binding, resources); !opened)
    return fail(opened.error());
  const std::string lease_file = wanted_lease_file(configuration);
  if (!lease_file.empty() && lease_file != lease_file_) {
    auto file = open_lease_file(lease_file);
    if (!file) return fail(file.error());
    resources.lease_file = std::move(*file);
  }

  const std::string& dump_file = configuration.dump.file;
  if (!dump_file.empty() && dump_file != dump_file_) {
    resources.dump_file = live::FileDescriptor(
        ::open(dump_file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!resources.dump_file.is_open()) {
      return wrong_usage(
          live::last_error("dumpfile " + dump_file, "name a file that the server may write")
              .message);
    }
  }

  has_opened_ = true;
  binding_ = binding;
  fixed_ports_ = resources.fixed_ports;
  transfers_ = transfers;
  transfer_ports_ = resources.transfer_ports;
  lease_file_ = lease_file;
  dump_file_ = dump_file;
  reader_ = std::move(*user);
  return resources;
}

Outcome<void> ResourceOpener::open_fixed_ports(const server::Configuration& configuration,
                                               const Binding& binding,
                                               ServerResources& resources) const {
  resources.fixed_ports = wanted_ports(configuration);
  const bool has_moved = has_opened_ && binding != binding_;
  for (const std::uint16_t port : resources.fixed_ports) {
    const bool is_open = fixed_ports_.contains(port);
    if (is_open && !has_moved) continue;
    const bool is_dhcp = port != tftp::kPort;
    auto socket = live::UdpSocket::open(
        {.local = {.address = is_dhcp ? Ipv4Address{} : binding.tftp, .port = port},
         .interface = binding.interface,
         .marking = is_dhcp ? live::Marking::Dhcp : live::Marking::Transfer,
         .receive_buffer_bytes = kRequestBuffer,
         .is_successor = is_open,
         .is_shared = binding.is_shared});
    if (!socket) return fail(environment(socket.error()));
    resources.sockets.push_back(std::move(*socket));
  }
  return {};
}

Outcome<void> ResourceOpener::open_transfer_ports(const Transfers& wanted, const Binding& binding,
                                                  ServerResources& resources) const {
  if (!wanted.wanted) return {};
  if (has_opened_ && wanted == transfers_ && binding == binding_) {
    resources.transfer_ports = transfer_ports_;
    return {};
  }
  const bool has_moved = has_opened_ && binding != binding_;
  live::ReservedPorts::Options options{.count = kTransferPorts, .range = {}, .socket = {}};
  options.socket.interface = binding.interface;
  if (wanted.range) {
    options.range = {wanted.range->first, wanted.range->second};
    options.count = static_cast<std::size_t>(options.range.last - options.range.first) + 1;
    options.socket.is_successor = has_moved;
    if (!has_moved) {
      // Those of the range that are open already: their own server would keep them from it.
      std::ranges::copy_if(transfer_ports_, std::back_inserter(resources.transfer_ports),
                           [&](std::uint16_t port) {
                             return port >= options.range.first && port <= options.range.last;
                           });
    }
  }
  auto reserved = live::ReservedPorts::reserve(options);
  if (!reserved && resources.transfer_ports.empty()) return fail(environment(reserved.error()));
  if (!reserved) return {};
  for (const std::uint16_t port : reserved->numbers()) resources.transfer_ports.push_back(port);
  for (live::UdpSocket& socket : reserved->take()) resources.sockets.push_back(std::move(socket));
  return {};
}

}  // namespace pxeproof::cli
