#include "cli/conform_host.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/configuration_disk.h"
#include "cli/conform_fixture.h"
#include "cli/running_server.h"
#include "cli/target_program.h"
#include "conformance/fixture.h"
#include "conformance/variant.h"
#include "live/listening_ports.h"
#include "live/monotonic_clock.h"
#include "live/stop_signals.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;
using conformance::ActionResult;
using conformance::TargetAction;
namespace fs = std::filesystem;

constexpr MacAddress kServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x02}};
constexpr Duration kPatience = 20s;
constexpr Duration kReadinessPoll = 5ms;
constexpr std::size_t kMaximumLines = 50'000;

int serve_builtin(const server::Configuration& configuration, std::uint64_t seed,
                  const Mutant* mutant) {
  const auto print_line = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  auto signals = live::StopSignals::create();
  auto loop = live::EventLoop::create();
  auto running = RunningServer::start(
      configuration, {.log = print_line, .verbosity = 1, .seed = seed, .mutant = mutant});
  if (!running) print_line(running.error().message);
  if (!signals || !loop || !running || !loop->add(*signals) || !loop->add(**running)) {
    return static_cast<int>(ExitCode::EnvironmentFailed);
  }
  const auto end = loop->run([&signals] { return signals->stop().has_value(); });
  return static_cast<int>(end ? ExitCode::AsExpected : ExitCode::EnvironmentFailed);
}

// The resident memory of a process and its children, in KiB.
std::optional<std::uint64_t> resident_memory(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (status >> word) {
    std::uint64_t amount = 0;
    if (word == "VmRSS:" && status >> amount) return amount;
  }
  return std::nullopt;
}

// How many descriptors a target may have differs between machines; atftpd aborts when one is beyond
// what select() can take. This is what Debian gives a service; whoever wants more may raise it.
void limit_descriptors() {
  constexpr rlim_t kServiceLimit = 1024;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_max, kServiceLimit);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Outcome<std::unique_ptr<TargetHost>> TargetHost::start(live::LabNetwork& network,
                                                       const conformance::Setting& setting,
                                                       const std::string& configuration,
                                                       const LiveRunOptions& options) {
  const fs::path fixture(kLabFixture);
  const fs::path scratch = fixture.parent_path();
  if (auto made = live::mount_private_directory(scratch.string()); !made)
    return environment_failed("the lab: " + made.error().message);
  fs::create_directories(fixture);
  chmod(scratch.c_str(), 0755);
  auto foreign = make_conformance_fixture(fixture);
  if (!foreign) return fail(foreign.error());
  auto host = network.add_host({.name = "target",
                                .mac = kServerMac,
                                .address = {setting.server, setting.network.netmask},
                                .gateway = setting.router});
  if (!host) return environment_failed("the lab: " + host.error().message);
  std::unique_ptr<TargetHost> made(new TargetHost(std::move(*host), options));
  made->has_foreign_files_ = *foreign == ForeignFiles::Made;
  made->root_ = setting.root;
  made->configuration_ = configuration;
  made->configuration_file_ = (scratch / "target.conf").string();
  std::ofstream(made->configuration_file_) << configuration;
  auto second = live::run_to_end(
      {.program = "ip",
       .arguments = {"address", "add", to_string(setting.second_server) + "/16", "dev", "eth0"}},
      made->host_.joining());
  if (!second) return environment_failed("the lab: " + second.error().message);
  if (auto launched = made->launch(); !launched) return fail(launched.error());
  return made;
}

Outcome<void> TargetHost::launch() {
  limit_descriptors();  // of this instance's process, for what it starts
  const conformance::TargetFile& target = options_.target;
  live::SystemResult<live::ChildProcess> process = fail(live::SystemError{});
  if (target.kind == conformance::TargetFile::Kind::Builtin) {
    auto loaded = load_configuration_text("target.conf", configuration_);
    if (!loaded) return fail(loaded.error());
    process = host_.start([configuration = loaded->configuration, this] {
      return serve_builtin(configuration, options_.seed, options_.mutant);
    });
  } else {
    process = host_.start(command_of(target, {.configuration = configuration_file_,
                                              .root = root_,
                                              .fixture = std::string(kLabFixture),
                                              .interface = "eth0"}));
  }
  if (!process) return environment_failed(process.error().message);
  process_.emplace(std::move(*process));
  return wait_until_ready();
}

Outcome<void> TargetHost::wait_until_ready() {
  std::vector<std::uint16_t> ports = options_.target.ready_ports;
  if (ports.empty()) ports = {67, 69, 4011};
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  if (const auto added = loop->add(*process_); !added)
    return environment_failed(added.error().message);
  const Instant until = live::now() + kPatience;
  bool ready = false;
  while (!ready && !process_->exit() && live::now() < until) {
    ready = live::listens_on(process_->pid(), ports);
    if (ready) break;
    const auto ended =
        loop->run([this] { return process_->exit().has_value(); }, live::now() + kReadinessPoll);
    if (!ended) return environment_failed(ended.error().message);
  }
  loop->remove(*process_);
  on_wake(live::now());
  if (ready) return {};
  std::string words;
  for (const std::string& line : log_) words += "\n  " + line;
  return environment_failed(
      fmt::format("target {}: {}{}", options_.target.name,
                  process_->exit() ? "ended at once: " + to_string(*process_->exit())
                                   : std::string("is not bound to its ports (ready) in time"),
                  words));
}

live::Activity TargetHost::on_wake(Instant now) {
  const auto activity = process_->on_wake(now);
  for (std::string& line : process_->take_lines()) {
    if (log_.size() < kMaximumLines) log_.push_back(std::move(line));
  }
  return activity;
}

std::optional<live::Exit> TargetHost::died() { return process_->exit(); }

ActionResult TargetHost::act(const TargetAction& action) {
  std::error_code failed;
  const fs::path path = fs::path(kLabFixture) / action.path;
  switch (action.kind) {
    case TargetAction::Kind::Restart: {
      process_->stop();
      const auto launched = launch();
      return {.done = launched.has_value(),
              .text = launched ? std::string() : launched.error().message};
    }
    case TargetAction::Kind::Truncate:
      fs::resize_file(path, action.size, failed);
      return {.done = !failed, .text = failed.message()};
    case TargetAction::Kind::ReadLog: {
      on_wake(live::now());
      std::string text;
      for (const std::string& line : log_) text += line + "\n";
      return {.done = true, .text = std::move(text)};
    }
    case TargetAction::Kind::LookUp:
      return {.done = true, .text = fs::exists(fs::symlink_status(path, failed)) ? "yes" : "no"};
    case TargetAction::Kind::Memory: {
      const auto memory = resident_memory(process_->pid());
      return {.done = memory.has_value(), .text = std::to_string(memory.value_or(0))};
    }
  }
  return {};
}

}  // namespace pxeproof::cli
