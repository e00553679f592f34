#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "cli/article.h"
#include "cli/fleet_ground.h"
#include "cli/fleet_run.h"
#include "cli/fleet_watch.h"
#include "cli/tree_content.h"
#include "lab/service_host.h"
#include "lab/trunk.h"
#include "live/disk.h"
#include "live/heap.h"
#include "live/monotonic_clock.h"
#include "live/stop_signals.h"
#include "protocol/letter_case.h"
#include "server/boot_service.h"

namespace pxeproof::cli {

namespace {

constexpr MacAddress kAddressServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x01}};
constexpr MacAddress kBootServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x02}};
constexpr std::size_t kTransferPorts = 64;
constexpr Duration kStep = std::chrono::milliseconds(250);
constexpr Duration kLongest = std::chrono::hours(24);  // no fleet takes so long in its own time

// The files of a tree that does not change while the fleet boots: each is looked up once. Of names
// that lead nowhere, most are a machine's own: what a directory does not hold is known from its
// list.
class SteadyFiles : public server::FileOpener {
 public:
  void ask(const FileRequest& request) override {
    if (is_known_missing(request)) {
      answers_.push_back({request.id, fail(FileFault::NotFound)});
      return;
    }
    auto key = std::tuple(request.root, request.unique_directory, request.path,
                          request.require_world_readable, request.require_own_file);
    const auto known = answers_by_name_.find(key);
    if (known != answers_by_name_.end()) {
      answers_.push_back({request.id, known->second});
      return;
    }
    FileAnswer answer = disk_.open(request);
    if (answer.content || answers_by_name_.size() < kKnownNames) {
      answers_by_name_.emplace(std::move(key), answer.content);
    }
    if (!answer.content && answer.content.error() == FileFault::NotFound) list_folder(request);
    answers_.push_back(std::move(answer));
  }
  bool poll_answer(FileAnswer& out) override {
    if (answers_.empty()) return false;
    out = std::move(answers_.front());
    answers_.pop_front();
    return true;
  }
  void begin_round() override {}

 private:
  static constexpr std::size_t kKnownNames = 4096;
  static constexpr std::size_t kKnownFolders = 256;
  static constexpr std::size_t kNamesOfFolder = 10'000;
  using Key = std::tuple<std::string, std::string, std::string, bool, bool>;
  using Names = std::unordered_set<std::string>;  // in lower case

  // Some file systems do not tell the cases apart; beyond ASCII, the disk is asked.
  static bool is_plain(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
  }
  static std::size_t name_begin(const std::string& path) { return path.rfind('/') + 1; }
  const std::string& folder_key(const FileRequest& request) {
    key_.assign(request.root).append(1, '\0').append(request.path, 0, name_begin(request.path));
    return key_;
  }

  bool is_known_missing(const FileRequest& request) {
    if (!request.unique_directory.empty()) return false;
    const std::string_view name = std::string_view(request.path).substr(name_begin(request.path));
    if (!is_plain(name)) return false;
    const auto folder = folders_.find(folder_key(request));
    return folder != folders_.end() && !folder->second.contains(lower_case(name));
  }

  // The disk says that the request's name leads nowhere: what else does in that folder?
  void list_folder(const FileRequest& request) {
    if (request.root.empty() || !request.unique_directory.empty()) return;
    if (folders_.size() >= kKnownFolders) return;
    std::error_code error;
    const std::string inside = request.path.substr(0, name_begin(request.path));
    std::filesystem::directory_iterator entry(std::filesystem::path(request.root) / inside, error);
    Names names;
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (names.size() == kNamesOfFolder) return;
      names.insert(lower_case(entry->path().filename().native()));
    }
    const bool is_no_folder =
        error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
    if (!error || is_no_folder) folders_.emplace(folder_key(request), std::move(names));
  }

  live::Disk disk_;
  std::map<Key, Result<std::shared_ptr<FileContent>, FileFault>> answers_by_name_;
  std::unordered_map<std::string, Names> folders_;
  std::string key_;
  std::deque<FileAnswer> answers_;
};

// One server and its host. It can die, losing all it knew, and start anew.
class VirtualServer : public Station {
 public:
  struct Options {
    server::Configuration configuration;
    NetworkInterface interface;
    std::size_t clients = 0;
    std::uint64_t seed = 1;
    std::vector<Duration> restarts{};
    std::vector<lab::HostOptions::Route> routes{};
  };
  VirtualServer(Options options, server::FileOpener& files)
      : options_(std::move(options)), files_(files) {
    make();
  }

  void start(Instant now) override {
    started_ = now;
    host_->start(now);
    plan_death();
  }
  void on_frame(Instant now, ByteView frame) override {
    if (!host_) return;
    host_->on_frame(now, frame);
    forget_events();
  }
  void on_timeout(Instant now) override {
    if (dies_ && *dies_ <= now) {
      revives_ = *dies_ + kRestartOutage;
      dies_.reset();
      host_.reset();
      service_.reset();
    }
    if (revives_ && *revives_ <= now) {
      revives_.reset();
      ++lives_;
      make();
      host_->start(now);
      plan_death();
    }
    if (host_) host_->on_timeout(now);
  }
  // Knows a machine without ARP, as in the lab; for as long as this server lives.
  void add_neighbour(const rom::Fleet::Leased& leased) {
    neighbours_.push_back(leased);
    if (host_) host_->add_neighbour(leased.address, leased.mac);
  }
  bool poll_transmit(Frame& out) override { return host_ && host_->poll_transmit(out); }
  std::optional<Instant> poll_timeout() const override {
    std::optional<Instant> first = host_ ? host_->poll_timeout() : std::nullopt;
    for (const auto& other : {dies_, revives_}) {
      if (other && (!first || *other < *first)) first = other;
    }
    return first;
  }

 private:
  void make() {
    const std::uint64_t seed = Random(options_.seed).fork(lives_).next();
    tftp_.reset();
    if (options_.configuration.tftp.enabled) {
      server::TftpOptions tftp = server::tftp_options(options_.configuration, {options_.interface});
      if (!options_.configuration.tftp.single_port) {
        tftp.transfer_ports =
            server::draw_ports(32768, 60999, kTransferPorts, Random(seed).fork(7));
      }
      // These protect a machine's memory from strangers; here every request is from the fleet.
      const auto clients = static_cast<std::uint32_t>(options_.clients);
      tftp.limits.half_open = std::max(tftp.limits.half_open, clients);
      tftp.limits.waiting = std::max(tftp.limits.waiting, clients);
      tftp_ = std::make_unique<server::TftpServer>(std::move(tftp), Random(seed).fork(8));
    }
    server::Policy policy;
    policy.maximum_held_offers = std::max(policy.maximum_held_offers, options_.clients);
    dhcp_ = std::make_unique<server::DhcpServer>(
        options_.configuration, std::vector{options_.interface},
        server::DhcpServer::Options{.policy = policy, .seed = seed});
    service_ = std::make_unique<server::BootService>(dhcp_.get(), tftp_.get(), files_);
    host_ = std::make_unique<lab::ServiceHost>(
        lab::HostOptions{.interface = options_.interface, .routes = options_.routes, .seed = seed},
        std::vector<DatagramService*>{service_.get()});
    for (const rom::Fleet::Leased& each : neighbours_) {
      host_->add_neighbour(each.address, each.mac);
    }
  }
  void plan_death() {
    if (lives_ < options_.restarts.size()) dies_ = started_ + options_.restarts[lives_];
  }
  void forget_events() {
    while (dhcp_->poll_event(event_)) {
    }
    while (dhcp_->poll_lease_change(change_)) {
    }
    if (!tftp_) return;
    while (tftp_->poll_event(tftp_event_)) {
    }
  }

  Options options_;
  server::FileOpener& files_;
  Instant started_;
  std::size_t lives_ = 0;
  std::vector<rom::Fleet::Leased> neighbours_;
  std::optional<Instant> dies_;
  std::optional<Instant> revives_;
  std::unique_ptr<server::DhcpServer> dhcp_;
  std::unique_ptr<server::TftpServer> tftp_;
  std::unique_ptr<server::BootService> service_;
  std::unique_ptr<lab::ServiceHost> host_;
  server::ServerEvent event_;
  server::LeaseChange change_;
  server::TftpEvent tftp_event_;
};

// The fleet as the wire sees it, whose machines the boot server knows without ARP when they are
// more than a kernel's neighbour table holds.
class KnownFleet : public Station {
 public:
  // The station is the fleet itself or its relays.
  KnownFleet(rom::Fleet& fleet, Station& station, VirtualServer& server)
      : fleet_(fleet), station_(station), server_(server) {}

  void start(Instant now) override { station_.start(now); }
  void on_frame(Instant now, ByteView frame) override {
    station_.on_frame(now, frame);
    tell();
  }
  void expect(ByteView frame) const override { station_.expect(frame); }
  void on_timeout(Instant now) override {
    station_.on_timeout(now);
    tell();
  }
  bool poll_transmit(Frame& out) override { return station_.poll_transmit(out); }
  std::optional<Instant> poll_timeout() const override { return station_.poll_timeout(); }

 private:
  void tell() {
    while (const auto leased = fleet_.poll_leased()) {
      if (fleet_.plan().clients.size() > kNeighboursByArp) server_.add_neighbour(*leased);
    }
  }

  rom::Fleet& fleet_;
  Station& station_;
  VirtualServer& server_;
};

// Virtual time may stand still while thousands boot at one moment: whoever waits before the
// terminal is thought of by this machine's clock.
class WallPause {
 public:
  // To be asked after each event.
  bool is_due() {
    constexpr std::uint64_t kEvents = 256;  // reading the clock for each would cost more
    if (++events_ % kEvents != 0) return false;
    const Instant now = live::now();
    if (now < next_) return false;
    next_ = now + std::chrono::milliseconds(100);
    return true;
  }

 private:
  std::uint64_t events_ = 0;
  Instant next_;
};

NetworkInterface interface_of(const std::string& name, const Subnet& subnet,
                              const MacAddress& mac) {
  return {.index = 2, .name = name, .mac = mac, .addresses = {subnet}, .mtu = 1500};
}

}  // namespace

Outcome<FleetResult> run_virtual_fleet(const FleetOptions& options, std::size_t clients) {
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  auto lab = prepare_fleet_lab(options, clients);
  if (!lab) return fail(lab.error());
  std::optional<live::TemporaryDirectory> article;
  if (!lab->text.empty() && lab->configuration.tftp.root == kArticleRoot) {
    auto made = make_article_directory();
    if (!made) return fail(made.error());
    article.emplace(std::move(*made));
    lab->configuration.tftp.root = article->path().string();
  }
  auto watch = FleetWatch::open(options);
  if (!watch) return fail(watch.error());

  live::prepare_heap(fleet_heap(clients));
  const TreeContent tree(lab->configuration.tftp.enabled ? lab->configuration.tftp.root : "");
  SteadyFiles files;
  const LabPlan& plan = lab->plan;
  std::vector<lab::HostOptions::Route> routes;
  for (const LabPlan::Relayed& each : plan.relayed) routes.push_back({each.inside, each.outside});
  std::optional<VirtualServer> address_server;
  if (plan.address_server) {
    address_server.emplace(
        VirtualServer::Options{
            .configuration = address_server_configuration(plan),
            .interface = interface_of("eth0", *plan.address_server, kAddressServerMac),
            .clients = clients,
            .seed = options.seed,
            .routes = routes},
        files);
  }
  VirtualServer boot_server(
      {.configuration = lab->configuration,
       .interface = interface_of(plan.interface, plan.boot_server, kBootServerMac),
       .clients = clients,
       .seed = options.seed + 1,
       .restarts = options.restarts,
       .routes = routes},
      files);
  rom::Fleet fleet(plan_fleet(options, clients, &tree));

  const Instant wall_start = live::now();
  lab::Trunk trunk;
  if (address_server) trunk.attach_host(*address_server, kAddressServerMac);
  trunk.attach_host(boot_server, kBootServerMac);
  std::optional<rom::RelayedFleet> relayed;
  if (options.relays > 0) {
    relayed.emplace(fleet, relay_plan(*lab, kAddressServerMac, kBootServerMac));
  }
  KnownFleet known(fleet, relayed ? static_cast<Station&>(*relayed) : fleet, boot_server);
  trunk.attach_rest(known);
  const Duration longest = options.cut_off.value_or(kLongest);
  WallPause wall;
  const auto is_pause = [&] { return fleet.is_over() || wall.is_due(); };
  bool stopped = false;
  Instant pause;
  lab::RunEnd end = lab::RunEnd::Deadline;
  const auto goes_on = [&] {
    return !fleet.is_over() && !stopped && trunk.now() - Instant{} < longest &&
           (end == lab::RunEnd::Deadline || end == lab::RunEnd::Done);
  };
  while (goes_on()) {
    if (trunk.now() >= pause) pause = std::min(trunk.now() + kStep, Instant{} + longest);
    end = trunk.run_until(is_pause, pause);
    if (end == lab::RunEnd::Done && !fleet.is_over()) {
      watch->refresh(fleet, trunk.now());
    } else {
      watch->take(fleet);
      watch->look(fleet, trunk.now());
    }
    signals->on_wake(live::now());
    stopped = signals->stop().has_value();
  }
  FleetResult result = watch->finish(fleet, trunk.now());
  result.stopped = stopped;
  result.ran_out_of_time = !fleet.is_over() && !stopped;
  result.server = server_limits(options, *lab);
  result.harness.wall_seconds = to_seconds(live::now() - wall_start);
  return result;
}

}  // namespace pxeproof::cli
