#include "server/tftp_options.h"

#include <algorithm>
#include <set>

namespace pxeproof::server {

namespace {

// "eth*" names every interface that begins with "eth".
bool names(std::string_view pattern, std::string_view interface) {
  if (pattern.ends_with('*')) {
    pattern.remove_suffix(1);
    return interface.starts_with(pattern);
  }
  return pattern == interface;
}

bool any_names(const std::vector<std::string>& patterns, std::string_view interface) {
  return std::ranges::any_of(
      patterns, [interface](const std::string& pattern) { return names(pattern, interface); });
}

bool has_address(const NetworkInterface& interface, const std::vector<Ipv4Address>& addresses) {
  return std::ranges::any_of(interface.addresses, [&addresses](const Subnet& subnet) {
    return std::ranges::find(addresses, subnet.address) != addresses.end();
  });
}

bool serves(const Configuration& configuration, const NetworkInterface& interface) {
  if (!configuration.tftp.enabled) return false;
  if (!configuration.tftp.interfaces.empty()) {
    return any_names(configuration.tftp.interfaces, interface.name);
  }
  if (any_names(configuration.except_interfaces, interface.name)) return false;
  if (any_names(configuration.no_dhcp_interfaces, interface.name)) return false;
  if (configuration.interfaces.empty() && configuration.listen_addresses.empty()) return true;
  // dnsmasq adds the loopback interface to those it is told. Nothing arrives from there where the
  // sockets are bound to the only interface (docs/differences-from-dnsmasq.md).
  if (!configuration.interfaces.empty() && interface.name == "lo") return true;
  return any_names(configuration.interfaces, interface.name) ||
         has_address(interface, configuration.listen_addresses);
}

}  // namespace

std::string_view to_string(TftpOptionsFault fault) {
  switch (fault) {
    case TftpOptionsFault::RequestPortZero:
      return "the request port is 0";
    case TftpOptionsFault::TransferPortZero:
      return "a transfer port is 0";
    case TftpOptionsFault::TransferPortTwice:
      return "a transfer port is listed twice";
    case TftpOptionsFault::TransferPortIsRequestPort:
      return "the request port is listed as a transfer port";
    case TftpOptionsFault::LimitZero:
      return "a limit is 0";
    case TftpOptionsFault::WindowZero:
      return "the largest window is 0 blocks";
    case TftpOptionsFault::ShortestIntervalZero:
      return "the shortest retransmission interval is 0";
    case TftpOptionsFault::IntervalsOutOfOrder:
      return "the retransmission intervals are not shortest <= first <= longest";
    case TftpOptionsFault::FewerThanFourSends:
      return "the time until giving up has no room for four sends";
  }
  return {};
}

Result<void, TftpOptionsFault> validate(const TftpOptions& options) {
  if (options.request_port == 0) return fail(TftpOptionsFault::RequestPortZero);
  std::set<std::uint16_t> seen;
  for (const std::uint16_t port : options.transfer_ports) {
    if (port == 0) return fail(TftpOptionsFault::TransferPortZero);
    if (port == options.request_port) return fail(TftpOptionsFault::TransferPortIsRequestPort);
    if (!seen.insert(port).second) return fail(TftpOptionsFault::TransferPortTwice);
  }
  const TftpLimits& limits = options.limits;
  if (limits.transfers == 0 || limits.transfers_per_client == 0 || limits.half_open == 0 ||
      limits.request_octets == 0 || limits.replies == 0 || limits.events == 0) {
    return fail(TftpOptionsFault::LimitZero);
  }
  if (options.maximum_window == 0) return fail(TftpOptionsFault::WindowZero);

  const RetransmissionLimits& retransmission = options.retransmission;
  if (retransmission.shortest.count() <= 0) return fail(TftpOptionsFault::ShortestIntervalZero);
  if (retransmission.shortest > retransmission.first ||
      retransmission.first > retransmission.longest) {
    return fail(TftpOptionsFault::IntervalsOutOfOrder);
  }
  // Sends at 0, 1, 3 and 7 first intervals.
  if (retransmission.give_up <= retransmission.longest * 7)
    return fail(TftpOptionsFault::FewerThanFourSends);
  return {};
}

TftpOptions tftp_options(const Configuration& configuration,
                         const std::vector<NetworkInterface>& interfaces) {
  const TftpConfiguration& tftp = configuration.tftp;
  TftpOptions options;
  for (const NetworkInterface& interface : interfaces) {
    if (!serves(configuration, interface)) continue;
    const auto own = tftp.interface_roots.find(interface.name);
    options.interfaces.push_back(
        {interface, own == tftp.interface_roots.end() ? tftp.root : own->second});
  }
  options.unique_root = tftp.unique_root;
  options.lowercase = tftp.lowercase;
  options.tells_paths = !configuration.script.program.empty();
  options.require_own_file = tftp.secure;
  options.acknowledge_block_size = !tftp.no_block_size;
  options.mtu = tftp.mtu;
  if (tftp.maximum_transfers) {
    options.limits.transfers = std::max<std::uint32_t>(*tftp.maximum_transfers, 1);
  }
  return options;
}

std::vector<std::uint16_t> draw_ports(std::uint16_t first, std::uint16_t last, std::size_t count,
                                      Random random) {
  std::vector<std::uint16_t> ports;
  for (std::uint32_t port = first; port <= last; ++port) {
    ports.push_back(static_cast<std::uint16_t>(port));
  }
  const std::size_t wanted = std::min(count, ports.size());
  for (std::size_t i = 0; i < wanted; ++i) {
    std::swap(ports[i], ports[i + random.below(ports.size() - i)]);
  }
  ports.resize(wanted);
  return ports;
}

}  // namespace pxeproof::server
