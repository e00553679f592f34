#include "cli/running_server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "live/monotonic_clock.h"
#include "live/network_interfaces.h"
#include "protocol/dhcp/message.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kTransferPorts = 64;

bool is_wildcard(std::string_view name) { return name.find('*') != std::string_view::npos; }

Failure environment(const live::SystemError& error) {
  return {ExitCode::EnvironmentFailed, error.message};
}

// The one interface to listen on, so that a second server may listen on another; empty: all.
std::string only_interface(const server::Configuration& configuration) {
  std::vector<std::string> names;
  for (const std::string& name : configuration.interfaces) {
    if (name != "lo") names.push_back(name);
  }
  return names.size() == 1 && !is_wildcard(names[0]) ? names[0] : std::string();
}

Outcome<void> check_interfaces(const server::Configuration& configuration,
                               const std::vector<NetworkInterface>& present) {
  for (const std::string& name : configuration.interfaces) {
    const bool exists = std::ranges::any_of(
        present, [&name](const NetworkInterface& each) { return each.name == name; });
    if (exists || is_wildcard(name) || name == "lo") continue;
    std::string names;
    for (const NetworkInterface& each : present) names += (names.empty() ? "" : ", ") + each.name;
    return wrong_usage(
        fmt::format("interface={}: this machine has no such interface that is up; it has {}", name,
                    names.empty() ? "none" : names));
  }
  return {};
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
      return wrong_usage(fmt::format("{}tftp-root {}", where, checked.error().message));
    }
  }
  return {};
}

server::TftpOptions make_tftp_options(const server::Configuration& configuration,
                                      const std::vector<NetworkInterface>& interfaces,
                                      const std::vector<std::uint16_t>& ports) {
  server::TftpOptions options = server::tftp_options(configuration, interfaces);
  options.transfer_ports = ports;
  // dnsmasq's rule: with all rights of root, only what everybody may read is sent.
  options.require_world_readable = geteuid() == 0;
  return options;
}

std::string describe_address(const NetworkInterface& interface) {
  const Subnet& subnet = interface.addresses.front();
  int bits = 0;
  for (std::uint32_t mask = subnet.netmask.value; mask != 0; mask <<= 1U) ++bits;
  return fmt::format("{} {}/{}", interface.name, to_string(subnet.address), bits);
}

}  // namespace

Outcome<void> RunningServer::open_sockets(const server::Configuration& configuration) {
  const std::string interface = only_interface(configuration);
  std::optional<live::ReservedPorts> reserved;
  if (configuration.tftp.enabled && !configuration.tftp.single_port) {
    live::ReservedPorts::Options wanted{.count = kTransferPorts, .range = {}, .socket = {}};
    if (configuration.tftp.port_range) {
      wanted.range = {configuration.tftp.port_range->first, configuration.tftp.port_range->second};
      wanted.count = static_cast<std::size_t>(wanted.range.last - wanted.range.first) + 1;
    }
    wanted.socket.interface = interface;
    auto ports = live::ReservedPorts::reserve(wanted);
    if (!ports) return fail(environment(ports.error()));
    reserved = std::move(*ports);
    transfer_ports_ = reserved->numbers();
  }
  if (configuration.tftp.enabled) {
    server::TftpOptions tftp = make_tftp_options(configuration, interfaces_, transfer_ports_);
    if (options_.mutant != nullptr && options_.mutant->tftp != nullptr) options_.mutant->tftp(tftp);
    if (const auto valid = server::validate(tftp); !valid) {
      return wrong_usage(fmt::format("tftp: {}", server::to_string(valid.error())));
    }
    tftp_ = std::make_unique<server::TftpServer>(std::move(tftp), Random(options_.seed).fork(2));
  }
  if (!configuration.ranges.empty()) {
    server::Policy policy;
    if (options_.mutant != nullptr && options_.mutant->policy != nullptr) {
      options_.mutant->policy(policy);
    }
    dhcp_ = std::make_unique<server::DhcpServer>(
        configuration, interfaces_,
        server::DhcpServer::Options{.policy = policy, .seed = options_.seed});
  }
  server::FileOpener* files = &files_;
  if (options_.mutant != nullptr && options_.mutant->wrap_files != nullptr) {
    mutant_files_ = options_.mutant->wrap_files(files_);
    files = mutant_files_.get();
  }
  service_ = std::make_unique<server::BootService>(dhcp_.get(), tftp_.get(), *files);
  DatagramService* service = service_.get();
  if (options_.mutant != nullptr && options_.mutant->wrap != nullptr) {
    mutant_service_ = options_.mutant->wrap(*service_, configuration);
    service = mutant_service_.get();
  }
  live::UdpServerOptions udp;
  udp.interface = interface;
  if (dhcp_) {
    const auto ports = dhcp_->ports();
    udp.dhcp_ports = {ports.begin(), ports.end()};
  }
  if (configuration.tftp.unique_root == server::TftpConfiguration::UniqueRoot::ByMac) {
    udp.neighbour_ports = {tftp::kPort};
  }
  auto opened = reserved ? live::UdpServer::create(*service, udp, std::move(*reserved))
                         : live::UdpServer::create(*service, udp);
  if (!opened) return fail(environment(opened.error()));
  udp_.emplace(std::move(*opened));
  return join_groups();
}

Outcome<void> RunningServer::join_groups() {
  if (!dhcp_) return {};
  for (const Ipv4Address group : dhcp_->multicast_groups()) {
    if (const auto joined = udp_->join(dhcp::kBootServerPort, group); !joined) {
      return fail(environment(joined.error()));
    }
  }
  return {};
}

Outcome<std::unique_ptr<RunningServer>> RunningServer::start(
    const server::Configuration& configuration, RunningServerOptions options) {
  std::unique_ptr<RunningServer> running(new RunningServer(std::move(options)));
  auto interfaces = live::list_network_interfaces();
  if (!interfaces) return fail(environment(interfaces.error()));
  running->interfaces_ = std::move(*interfaces);
  if (auto checked = check_interfaces(configuration, running->interfaces_); !checked)
    return fail(checked.error());
  if (auto checked = check_roots(configuration.tftp); !checked) return fail(checked.error());
  if (configuration.ranges.empty() && !configuration.tftp.enabled) {
    return wrong_usage(
        "the configuration serves nothing: it has neither a dhcp-range nor enable-tftp");
  }
  running->configuration_ = configuration;
  if (auto opened = running->open_sockets(configuration); !opened) return fail(opened.error());
  return running;
}

Outcome<void> RunningServer::reload(const server::Configuration& configuration) {
  if (auto checked = check_roots(configuration.tftp); !checked) return checked;
  auto interfaces = live::list_network_interfaces();
  if (!interfaces) return fail(environment(interfaces.error()));
  interfaces_ = std::move(*interfaces);
  configuration_ = configuration;
  if (dhcp_) dhcp_->reload(configuration, interfaces_);
  if (tftp_) tftp_->set_options(make_tftp_options(configuration, interfaces_, transfer_ports_));
  return join_groups();
}

std::vector<std::string> RunningServer::describe() const {
  std::vector<std::string> lines;
  for (const NetworkInterface& interface : interfaces_) {
    if (interface.addresses.empty() || interface.mac == MacAddress{}) continue;
    std::string line = describe_address(interface) + ":";
    if (dhcp_) {
      line += configuration_.pxe_enabled() ? " DHCP 67, boot server 4011" : " DHCP 67";
    }
    if (tftp_) {
      line += fmt::format("{} TFTP 69 from {}", dhcp_ ? "," : "",
                          configuration_.tftp.root.empty() ? "/" : configuration_.tftp.root);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// Hands all lines of a round over at once: a write for each would cost more than the answer.
void RunningServer::tell_events() {
  const auto style = configuration_.log_dhcp ? server::LogStyle::WithXid : server::LogStyle::Plain;
  const auto add = [this](std::string_view line) {
    if (!log_lines_.empty()) log_lines_ += '\n';
    log_lines_ += line;
  };
  if (dhcp_) {
    while (dhcp_->poll_event(event_)) {
      if (!options_.log) continue;
      for (const std::string& line : server::log_lines(event_, style)) add(line);
      if (options_.verbosity > 0) add(server::describe(event_));
    }
    server::LeaseChange change;
    while (dhcp_->poll_lease_change(change)) {
    }
  }
  if (tftp_) {
    server::TftpEvent event;
    while (tftp_->poll_event(event)) {
      if (!options_.log) continue;
      const bool is_result = std::holds_alternative<server::TftpFinished>(event.what) ||
                             std::holds_alternative<server::TftpFailed>(event.what) ||
                             std::holds_alternative<server::TftpRefused>(event.what);
      const bool is_quiet =
          configuration_.tftp.quiet && std::holds_alternative<server::TftpFinished>(event.what);
      if ((is_result && !is_quiet) || options_.verbosity > 0) add(server::to_string(event));
    }
  }
  if (log_lines_.empty()) return;
  options_.log(log_lines_);
  log_lines_.clear();
}

live::Activity RunningServer::on_wake(Instant now) {
  const live::Activity activity = udp_->on_wake(now);
  tell_events();
  return activity;
}

}  // namespace pxeproof::cli
