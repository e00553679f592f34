#include "cli/running_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <system_error>
#include <utility>

#include "live/monotonic_clock.h"
#include "live/network_interfaces.h"
#include "live/wall_clock.h"
#include "protocol/dhcp/message.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

namespace {

// The kernel's refusal to send is told again after this time, for each interface and errno.
constexpr Duration kRefusalInterval = std::chrono::minutes(1);
constexpr std::size_t kMaximumRefusalsTold = 64;

server::TftpOptions make_tftp_options(const server::Configuration& configuration,
                                      const std::vector<NetworkInterface>& interfaces,
                                      const TftpLimitOptions& limits) {
  server::TftpOptions options = server::tftp_options(configuration, interfaces);
  server::TftpLimits& all = options.limits;
  all.transfers_per_client = limits.transfers_per_client.value_or(all.transfers_per_client);
  all.half_open = limits.half_open.value_or(all.half_open);
  all.waiting = limits.waiting.value_or(all.waiting);
  all.waiting_per_client = limits.waiting_per_client.value_or(all.waiting_per_client);
  return options;
}

}  // namespace

std::string describe_address(const NetworkInterface& interface) {
  std::string text = interface.name;
  for (const Subnet& subnet : interface.addresses) {
    text += fmt::format("{}{}/{}", &subnet == interface.addresses.data() ? " " : ", ",
                        to_string(subnet.address), std::popcount(subnet.netmask.value));
  }
  return text;
}

class RunningServer::OpenerSource : public live::EventSource {
 public:
  explicit OpenerSource(RunningServer& owner) : server_(owner) {}
  std::vector<int> descriptors() const override { return {server_.options_.opener->descriptor()}; }
  live::Activity on_wake(Instant now) override {
    server_.hear_opener(now);
    return live::Activity::Busy;
  }
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  RunningServer& server_;
};

RunningServer::RunningServer(RunningServerOptions options)
    : options_(std::move(options)),
      log_({.print = [this](const std::string& line) { log_line(line); },
            .format = options_.log_format,
            .verbosity = options_.verbosity,
            .events = options_.events}) {
  server::FileOpener* files =
      options_.opener == nullptr ? static_cast<server::FileOpener*>(&own_files_) : options_.opener;
  if (options_.mutant != nullptr && options_.mutant->wrap_files != nullptr) {
    mutant_files_ = options_.mutant->wrap_files(*files);
    files = mutant_files_.get();
  }
  // The journal comes with the configuration, and may come later than this.
  struct Keeper : server::LeaseKeeper {
    explicit Keeper(RunningServer& owner) : server(owner) {}
    void keep(Instant now, const server::LeaseChange& change) override {
      if (server.journal_) server.journal_->keep(now, change);
      server.run_scripts(now, change);
    }
    void flush(Instant now) override {
      if (server.journal_) server.journal_->flush(now);
    }
    RunningServer& server;
  };
  keeper_ = std::make_unique<Keeper>(*this);
  if (options_.opener != nullptr) opener_source_ = std::make_unique<OpenerSource>(*this);
  service_ = std::make_unique<server::BootService>(nullptr, nullptr, *files, keeper_.get());
}

DatagramService& RunningServer::service() {
  if (dump_) return *dump_;
  if (faulty_service_) return *faulty_service_;
  return mutant_service_ ? *mutant_service_ : static_cast<DatagramService&>(*service_);
}

Outcome<std::unique_ptr<RunningServer>> RunningServer::start(
    const server::Configuration& configuration, RunningServerOptions options) {
  std::unique_ptr<RunningServer> running(new RunningServer(std::move(options)));
  auto resources = running->own_resources_.open(configuration);
  if (!resources) return fail(resources.error());
  ReadyServer ready;
  ready.loaded.configuration = configuration;
  ready.resources = std::move(*resources);
  if (auto applied = running->apply(std::move(ready)); !applied) return fail(applied.error());
  return running;
}

Outcome<std::unique_ptr<RunningServer>> RunningServer::start(ReadyServer ready,
                                                             RunningServerOptions options) {
  std::unique_ptr<RunningServer> running(new RunningServer(std::move(options)));
  for (const server::Diagnostic& warning : ready.loaded.warnings) {
    running->known_warnings_.insert(server::to_string(warning));
  }
  if (auto applied = running->apply(std::move(ready)); !applied) return fail(applied.error());
  return running;
}

// From here on the new configuration is in force; what may fail was tried when it was opened.
Outcome<void> RunningServer::apply(ReadyServer ready) {
  ServerResources& resources = ready.resources;
  interfaces_ = resources.interfaces;
  transfer_ports_ = resources.transfer_ports;
  reads_as_root_ = resources.reads_as_root;
  configuration_ = std::move(ready.loaded.configuration);
  log_.set_configuration(configuration_.quiet_dhcp, configuration_.tftp.quiet,
                         configuration_.log_dhcp);
  for (const std::string& name : missing_interfaces(configuration_, interfaces_)) {
    log_.message(
        ServerLog::Level::Warning,
        fmt::format("interface {} does not currently exist; it is served when it comes up", name));
  }
  apply_tftp();
  apply_dhcp();
  apply_script(apply_leases(resources));
  service_->set_parts(dhcp_serves_ ? dhcp_.get() : nullptr, tftp_.get());

  if (!udp_) {
    if (options_.mutant != nullptr && options_.mutant->wrap != nullptr) {
      mutant_service_ = options_.mutant->wrap(*service_, configuration_);
    }
    if (!options_.faults.empty()) {
      faulty_service_ = std::make_unique<FaultyService>(service(), options_.faults, options_.seed);
    }
    apply_dump(resources.dump_file);
    auto server = live::UdpServer::run_on(service(), {}, {});
    if (!server) return environment_failed(server.error().message);
    udp_.emplace(std::move(*server));
  } else {
    apply_dump(resources.dump_file);
  }
  const auto dhcp_ports = dhcp_serves_ ? dhcp_->ports() : std::vector<std::uint16_t>{};
  const bool wants_macs = options_.on_tftp || configuration_.tftp.unique_root ==
                                                  server::TftpConfiguration::UniqueRoot::ByMac;
  udp_->set_dhcp_ports({dhcp_ports.begin(), dhcp_ports.end()});
  udp_->set_neighbour_ports(wants_macs ? std::set<std::uint16_t>{tftp::kPort}
                                       : std::set<std::uint16_t>{});
  udp_->set_interfaces(interfaces_);
  return apply_sockets(resources);
}

Outcome<void> RunningServer::apply_sockets(ServerResources& resources) {
  for (live::UdpSocket& socket : resources.sockets) {
    if (auto adopted = udp_->adopt(std::move(socket)); !adopted) {
      return environment_failed(adopted.error().message);
    }
  }
  wanted_ports_ = resources.fixed_ports;
  wanted_ports_.insert(resources.transfer_ports.begin(), resources.transfer_ports.end());
  close_unused_ports();
  return join_groups();
}

Outcome<void> RunningServer::join_groups() {
  if (!dhcp_serves_) return {};
  for (const Ipv4Address group : dhcp_->multicast_groups()) {
    if (const auto joined = udp_->join(dhcp::kBootServerPort, group); !joined) {
      return environment_failed(joined.error().message);
    }
  }
  return {};
}

void RunningServer::apply_tftp() {
  server::TftpOptions options = make_tftp_options(configuration_, interfaces_, options_.limits);
  options.transfer_ports = transfer_ports_;
  // dnsmasq's rule: with all rights of root, only what everybody may read is sent.
  options.require_world_readable = reads_as_root_;
  if (options_.mutant != nullptr && options_.mutant->tftp != nullptr)
    options_.mutant->tftp(options);
  if (!configuration_.tftp.enabled) {
    // Transfers go on; without an interface there are no new ones.
    if (!tftp_) return;
    if (tftp_->transfers() + tftp_->waiting() == 0) return tftp_.reset();
    options.interfaces.clear();
  }
  if (tftp_) {
    tftp_->set_options(std::move(options));
  } else {
    tftp_ = std::make_unique<server::TftpServer>(std::move(options), Random(options_.seed).fork(2));
  }
}

void RunningServer::apply_dhcp() {
  dhcp_serves_ = configuration_.serves_dhcp();
  if (dhcp_) {
    dhcp_->reload(configuration_, interfaces_);
  } else if (dhcp_serves_) {
    server::Policy policy;
    if (options_.mutant != nullptr && options_.mutant->policy != nullptr) {
      options_.mutant->policy(policy);
    }
    dhcp_ = std::make_unique<server::DhcpServer>(
        configuration_, interfaces_,
        server::DhcpServer::Options{.policy = policy, .seed = options_.seed});
  }
}

std::vector<server::WrittenLease> RunningServer::apply_leases(ServerResources& resources) {
  if (wanted_lease_file(configuration_).empty()) journal_.reset();
  if (!dhcp_ || !resources.lease_file) return {};
  OpenerLink* opener = options_.opener;
  const auto complain = [this](const std::string& text) {
    log_.message(ServerLog::Level::Error, text);
  };
  const bool is_another = journal_ != nullptr;
  journal_ = std::make_unique<LeaseJournal>(
      std::move(*resources.lease_file), LeaseJournal::Helpers{.sync =
                                                                  [opener] {
                                                                    if (opener != nullptr)
                                                                      opener->sync_journal();
                                                                  },
                                                              .new_journal =
                                                                  [opener] {
                                                                    if (opener != nullptr)
                                                                      opener->request_new_journal();
                                                                  },
                                                              .commit =
                                                                  [opener] {
                                                                    if (opener != nullptr)
                                                                      opener->commit_journal();
                                                                  },
                                                              .complain = complain});
  auto ended = journal_->restore(live::now(), *dhcp_);
  if (is_another) journal_->compact();
  return ended;
}

// Every lease is told of anew when the server starts and when it has read its configuration again.
void RunningServer::apply_script(const std::vector<server::WrittenLease>& ended) {
  const std::string& program = configuration_.script.program;
  ScriptQueue* scripts = options_.scripts;
  script_.reset();
  if (program.empty()) return;
  if (scripts == nullptr || scripts->program() != program) {
    return log_.message(
        ServerLog::Level::Warning,
        fmt::format("{}: dhcp-script {} is not run: the server started without it, and has no "
                    "rights to start it now; start the server again",
                    server::to_string(configuration_.script.location), program));
  }
  script_.emplace(configuration_, [this](Ipv4Address address) {
    for (const NetworkInterface& interface : interfaces_) {
      for (const Subnet& subnet : interface.addresses) {
        if (subnet.contains(address)) return interface.name;
      }
    }
    return std::string();
  });
  for (const server::WrittenLease& each : ended) {
    scripts->add(script_->call_for_expired(each.lease, each.expires_epoch.value_or(0)));
  }
  if (!dhcp_) return;
  const server::LeaseScript::Time time{live::now(), live::wall_clock_microseconds()};
  for (const auto& [address, lease] : dhcp_->leases().all()) {
    scripts->add(script_->call_for_known(time, lease));
  }
}

void RunningServer::run_scripts(Instant now, const server::LeaseChange& change) {
  if (!script_) return;
  for (server::ScriptCall& call :
       script_->calls_for({now, live::wall_clock_microseconds()}, change)) {
    options_.scripts->add(std::move(call));
  }
}

// The server's sockets belong to one service from the start on, so a dump has to be there by then.
void RunningServer::apply_dump(live::FileDescriptor& file) {
  if (!udp_ && file.is_open()) {
    dump_ = std::make_unique<PacketDump>(service(), std::move(file));
  }
  if (dump_) return dump_->configure(configuration_, interfaces_, std::move(file));
  if (configuration_.dump.file.empty()) return;
  log_.message(ServerLog::Level::Warning,
               fmt::format("dumpfile {} is not written: the server started without one; start it "
                           "again",
                           configuration_.dump.file));
}

// A port that only running transfers still use is closed when they have ended.
void RunningServer::close_unused_ports() {
  std::set<std::uint16_t> used = wanted_ports_;
  if (tftp_) used.merge(tftp_->ports_in_use());
  has_unused_ports_ = false;
  for (const std::uint16_t port : udp_->open_ports()) {
    if (!used.contains(port)) {
      udp_->close_port(port);
    } else if (!wanted_ports_.contains(port)) {
      has_unused_ports_ = true;
    }
  }
}

void RunningServer::stop(Instant now) {
  if (journal_) journal_->flush(now);
  if (options_.scripts != nullptr) options_.scripts->finish();
}

std::optional<Failure> RunningServer::failure() const {
  if (options_.opener == nullptr || !options_.opener->is_lost()) return std::nullopt;
  return Failure{ExitCode::EnvironmentFailed,
                 "the opener process is gone, no file can be opened; start the server again"};
}

std::string RunningServer::describe_dhcp(const NetworkInterface& interface) const {
  using Reach = server::DhcpServer::Reach;
  const Reach reach = dhcp_serves_ ? dhcp_->reach_of(interface.index) : Reach::Nobody;
  if (reach == Reach::Nobody) return {};
  std::string text = fmt::format("DHCP {}", configuration_.dhcp_server_port);
  if (reach == Reach::RelayedClients) text += " for relayed clients only";
  if (configuration_.pxe_enabled()) text += fmt::format(", boot server {}", dhcp::kBootServerPort);
  return text;
}

std::vector<std::string> RunningServer::describe() const {
  const auto tftp = server::tftp_options(configuration_, interfaces_).interfaces;
  std::vector<std::string> lines;
  for (const NetworkInterface& interface : interfaces_) {
    if (interface.addresses.empty()) continue;
    std::string services = describe_dhcp(interface);
    const auto files =
        std::ranges::find(tftp, interface.index,
                          [](const server::TftpInterface& each) { return each.interface.index; });
    if (files != tftp.end()) {
      services += fmt::format("{}TFTP {} from {}", services.empty() ? "" : ", ", tftp::kPort,
                              files->root.empty() ? "/" : files->root);
    }
    // Loopback, tunnels and their like are worth a line where they are served.
    if (services.empty() && interface.mac == MacAddress{}) continue;
    lines.push_back(describe_address(interface) + ": " +
                    (services.empty() ? "not served" : services));
  }
  return lines;
}

void RunningServer::log_line(const std::string& line) {
  if (!log_lines_.empty()) log_lines_ += '\n';
  log_lines_ += line;
  if (!is_telling_) flush_log();
}

void RunningServer::flush_log() {
  if (!log_lines_.empty() && options_.log) options_.log(log_lines_);
  log_lines_.clear();
}

// Hands all lines of a round over at once: a write for each would cost more than the answer.
void RunningServer::tell_events() {
  is_telling_ = true;
  while (dhcp_ && dhcp_->poll_event(event_)) {
    if (options_.log) log_.event(event_);
    if (options_.on_dhcp) options_.on_dhcp(event_);
  }
  server::TftpEvent event;
  while (tftp_ && tftp_->poll_event(event)) {
    if (options_.log) log_.event(event);
    if (options_.on_tftp) options_.on_tftp(event);
    const auto* finished = std::get_if<server::TftpFinished>(&event.what);
    if (script_ && finished != nullptr) {
      options_.scripts->add(server::LeaseScript::call_for(*finished, event.client.address));
    }
  }
  while (auto note = faulty_service_ ? faulty_service_->poll_note() : std::nullopt) {
    if (options_.log) log_.message(ServerLog::Level::Info, *note);
  }
  tell_refusals();
  is_telling_ = false;
  flush_log();
}

void RunningServer::tell_refusals() {
  while (const auto refusal = udp_->poll_refusal()) {
    const Instant now = live::now();
    if (refusals_told_.size() == kMaximumRefusalsTold) refusals_told_.clear();
    const auto [told, is_new] =
        refusals_told_.try_emplace({refusal->interface_index, refusal->code}, now);
    if (!is_new && now - told->second < kRefusalInterval) continue;
    told->second = now;
    const auto interface =
        std::ranges::find(interfaces_, refusal->interface_index, &NetworkInterface::index);
    log_.message(ServerLog::Level::Warning,
                 fmt::format("{}the kernel refuses to send to {}: {}; see `ip address`, `ip route` "
                             "and the firewall",
                             interface == interfaces_.end() ? "" : interface->name + ": ",
                             to_string(refusal->destination),
                             std::generic_category().message(refusal->code)));
  }
}

live::Activity RunningServer::on_wake(Instant now) {
  const live::Activity activity = udp_->on_wake(now);
  if (journal_ && dhcp_) journal_->on_timeout(now, *dhcp_);
  tell_events();
  if (has_unused_ports_) close_unused_ports();
  return activity;
}

std::optional<Instant> RunningServer::deadline() const {
  std::optional<Instant> earliest = udp_->deadline();
  const auto journal = journal_ ? journal_->poll_timeout() : std::nullopt;
  if (journal && (!earliest || *journal < *earliest)) earliest = journal;
  return earliest;
}

}  // namespace pxeproof::cli
