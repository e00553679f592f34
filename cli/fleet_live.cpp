#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

#include "cli/fleet_ground.h"
#include "cli/fleet_run.h"
#include "cli/fleet_watch.h"
#include "cli/fleet_wire.h"
#include "cli/tree_content.h"
#include "live/batch_runner.h"
#include "live/event_loop.h"
#include "live/heap.h"
#include "live/monotonic_clock.h"
#include "live/neighbour_entries.h"
#include "live/stop_signals.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kServerWordsKept = 50;
// A frame of 1,470 octets takes 2,304 in the kernel: this holds one for each of 10,000 machines
// that wait for an answer, and as many again that were asked for twice.
constexpr int kReceiveBuffer = 32 * 1024 * 1024;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// The fleet as the runner sees it, which prepares the servers' neighbour tables before a machine's
// first packet to them leaves.
class PreparedFleet : public Station {
 public:
  // The station is the fleet itself or its relays.
  PreparedFleet(rom::Fleet& fleet, Station& station,
                std::optional<live::NeighbourEntries> neighbours)
      : fleet_(fleet), station_(station), neighbours_(std::move(neighbours)) {}

  void start(Instant now) override { station_.start(now); }
  void on_frame(Instant now, ByteView frame) override {
    station_.on_frame(now, frame);
    prepare();
  }
  void expect(ByteView frame) const override { station_.expect(frame); }
  void on_timeout(Instant now) override {
    station_.on_timeout(now);
    prepare();
  }
  bool poll_transmit(Frame& out) override { return station_.poll_transmit(out); }
  std::optional<Instant> poll_timeout() const override { return station_.poll_timeout(); }

  const std::optional<live::SystemError>& error() const { return error_; }

 private:
  void prepare() {
    while (const auto leased = fleet_.poll_leased()) {
      if (!neighbours_) continue;
      if (auto added = neighbours_->add(leased->address, leased->mac); !added && !error_) {
        error_ = std::move(added.error());
      }
    }
  }

  rom::Fleet& fleet_;
  Station& station_;
  std::optional<live::NeighbourEntries> neighbours_;
  std::optional<live::SystemError> error_;
};

// One run on one interface.
class LiveRun {
 public:
  // The signals are watched since before the lab was made.
  LiveRun(const FleetOptions& options, BootLab* lab, live::StopSignals& signals)
      : options_(options), lab_(lab), signals_(signals) {}

  // On one interface, or on the cables of the lab's servers when it is empty.
  Outcome<FleetResult> run(const std::string& interface, rom::FleetPlan plan,
                           rom::RelayedFleet::Plan relays = {});

 private:
  Outcome<std::optional<live::NeighbourEntries>> neighbours(std::size_t clients) const;
  Outcome<void> restart_when_due(Duration since_start);
  void hear_server();
  void look_for_death(Duration since_start);
  Outcome<void> open_ports(const std::string& interface);

  struct Port {
    live::PacketPort port;
    std::optional<MacAddress> host;
  };
  std::vector<std::unique_ptr<Port>> ports_;
  const FleetOptions& options_;
  BootLab* lab_;
  live::StopSignals& signals_;
  std::optional<double> server_cpu() const;

  std::optional<double> server_cpu_before_;
  std::size_t restarts_done_ = 0;
  std::vector<std::string> words_;
  std::string death_;
};

Outcome<std::optional<live::NeighbourEntries>> LiveRun::neighbours(std::size_t clients) const {
  std::optional<live::NeighbourEntries> entries;
  if (lab_ == nullptr || clients <= kNeighboursByArp || options_.relays > 0) return entries;
  const live::Host& host = lab_->boot_server_host();
  const auto opened = host.within_network([&]() -> live::SystemResult<void> {
    auto made = live::NeighbourEntries::open(host.options().interface);
    if (!made) return fail(std::move(made.error()));
    entries.emplace(std::move(*made));
    return {};
  });
  if (!opened) return environment_failed("the lab: " + opened.error().message);
  return entries;
}

Outcome<void> LiveRun::restart_when_due(Duration since_start) {
  while (restarts_done_ < options_.restarts.size() &&
         options_.restarts[restarts_done_] <= since_start) {
    ++restarts_done_;
    if (auto restarted = lab_->restart_boot_server(); !restarted) return restarted;
  }
  return {};
}

// Of the boot server's process; nullopt when it has none of its own or has ended.
std::optional<double> LiveRun::server_cpu() const {
  if (lab_ == nullptr) return std::nullopt;
  // proc(5), /proc/PID/stat: fields 14 and 15 are user and system time in ticks; the second, in
  // parentheses, may hold blanks.
  std::ifstream file(fmt::format("/proc/{}/stat", lab_->boot_server_process()));
  std::string text;
  std::getline(file, text);
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void LiveRun::hear_server() {
  if (lab_ == nullptr) return;
  for (std::string& line : lab_->take_server_lines()) words_.push_back(std::move(line));
  if (words_.size() > 2 * kServerWordsKept) {
    words_.erase(words_.begin(), words_.end() - static_cast<std::ptrdiff_t>(kServerWordsKept));
  }
}

void LiveRun::look_for_death(Duration since_start) {
  if (lab_ == nullptr || !death_.empty()) return;
  if (const auto ended = lab_->ended_server()) {
    death_ = fmt::format("{} of the lab ended by itself {} after the start ({})", ended->name,
                         duration_text(since_start), to_string(ended->exit));
  }
}

Outcome<void> LiveRun::open_ports(const std::string& interface) {
  const auto add = [this](const std::string& name,
                          const std::optional<MacAddress>& host) -> Outcome<void> {
    auto port = live::PacketPort::open(name, {.receive_buffer_bytes = kReceiveBuffer});
    if (!port) return environment_failed(port.error().message);
    ports_.push_back(std::make_unique<Port>(Port{std::move(*port), host}));
    return {};
  };
  if (!interface.empty()) return add(interface, std::nullopt);
  for (const live::Host* host : lab_->hosts()) {
    if (auto added = add(host->options().name, host->options().mac); !added) return added;
  }
  return {};
}

Outcome<FleetResult> LiveRun::run(const std::string& interface, rom::FleetPlan plan,
                                  rom::RelayedFleet::Plan relays) {
  const std::size_t clients = plan.clients.size();
  if (auto opened = open_ports(interface); !opened) return fail(opened.error());
  std::vector<live::BatchRunner::Cable> cables;
  for (const auto& each : ports_) cables.push_back({&each->port, each->host});
  std::optional<FleetWire> wire;
  if (lab_ != nullptr && options_.watch_wire) {
    auto opened = FleetWire::open(*lab_);
    if (!opened) return fail(opened.error());
    wire.emplace(std::move(*opened));
  }
  auto loop = live::EventLoop::create({.spin = Duration{}});
  if (!loop) return environment_failed(loop.error().message);
  auto entries = neighbours(clients);
  if (!entries) return fail(entries.error());
  live::prepare_heap(fleet_heap(clients));
  rom::Fleet fleet(std::move(plan));
  std::optional<rom::RelayedFleet> relayed;
  if (!relays.relays.empty()) relayed.emplace(fleet, std::move(relays));
  Station& station = relayed ? static_cast<Station&>(*relayed) : fleet;
  PreparedFleet prepared(fleet, station, std::move(*entries));
  live::BatchRunner runner(std::move(cables), prepared);
  if (const auto added = loop->add(runner); !added)
    return environment_failed(added.error().message);
  if (const auto added = loop->add(signals_); !added) {
    return environment_failed(added.error().message);
  }

  auto watch = FleetWatch::open(options_);
  if (!watch) return fail(watch.error());
  watch->set_time_of_day(Duration(live::WallClock().nanoseconds(Instant{})));

  const double cpu_before = cpu_seconds();
  if (options_.restarts.empty()) server_cpu_before_ = server_cpu();
  std::optional<Failure> failure;
  bool stopped = false;
  runner.start();
  const Instant started = fleet.started();
  std::optional<Instant> end;
  if (options_.cut_off) end = started + *options_.cut_off;
  bool out_of_time = false;
  while (!fleet.is_over() && !stopped && !out_of_time && !failure) {
    // So far the loop runs undisturbed.
    const Instant pause = live::now() + std::chrono::milliseconds(50);
    const auto ran = loop->run(
        [&] { return fleet.is_over() || signals_.stop().has_value() || runner.error(); }, pause);
    const Instant time = live::now();
    if (!ran) failure = Failure{ExitCode::EnvironmentFailed, ran.error().message};
    if (runner.error()) failure = Failure{ExitCode::EnvironmentFailed, runner.error()->message};
    if (prepared.error()) failure = Failure{ExitCode::EnvironmentFailed, prepared.error()->message};
    if (auto restarted = restart_when_due(time - started); !restarted) failure = restarted.error();
    look_for_death(time - started);
    hear_server();
    watch->take(fleet);
    watch->look(fleet, time);
    stopped = signals_.stop().has_value();
    out_of_time = end && time >= *end;
  }
  if (failure) return fail(*failure);
  const Instant time = live::now();
  FleetResult result = watch->finish(fleet, time);
  result.stopped = stopped;
  result.ran_out_of_time = out_of_time && !fleet.is_over();
  hear_server();
  result.server_words = std::move(words_);
  result.server.death = death_;
  for (const auto& each : ports_) {
    const live::PacketPort::Statistics counted = each->port.statistics();
    result.harness.refused += counted.refused;
    result.harness.dropped += counted.dropped;
  }
  if (wire) wire->write(result);
  if (server_cpu_before_) {
    if (const auto after = server_cpu()) {
      result.server.cpu_seconds = *after - *server_cpu_before_;
    }
  }
  result.harness.cpu_seconds = cpu_seconds() - cpu_before;
  result.harness.wall_seconds = to_seconds(time - started);
  return result;
}

}  // namespace

Outcome<FleetResult> run_fleet_in_lab(const FleetOptions& options, std::size_t clients) {
  const auto configuration = prepare_fleet_lab(options, clients);
  if (!configuration) return fail(configuration.error());
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  auto lab = BootLab::start(*configuration, {.server = options.target.server,
                                             .verbosity = options.verbosity,
                                             .seed = options.seed,
                                             .log = BootLabOptions::Log::Nothing,
                                             .cable = live::HostOptions::Cable::Direct});
  if (!lab) return fail(lab.error());
  const TreeContent tree(lab->tree());
  rom::RelayedFleet::Plan relays = relay_plan(*configuration, lab->hosts().front()->options().mac,
                                              lab->boot_server_host().options().mac);
  auto result = LiveRun(options, &*lab, *signals)
                    .run("", plan_fleet(options, clients, &tree), std::move(relays));
  if (!result) return result;
  const FleetServer seen = result->server;
  result->server = server_limits(options, *configuration);
  result->server.cpu_seconds = seen.cpu_seconds;
  result->server.death = seen.death;
  return result;
}

Outcome<FleetResult> run_fleet_on_interface(const FleetOptions& options, std::size_t clients) {
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  return LiveRun(options, nullptr, *signals)
      .run(options.interface, plan_fleet(options, clients, nullptr));
}

}  // namespace pxeproof::cli
