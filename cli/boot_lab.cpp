#include "cli/boot_lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/article.h"
#include "cli/configuration_disk.h"
#include "cli/running_server.h"
#include "live/event_loop.h"
#include "live/link_commands.h"
#include "live/listening_ports.h"
#include "live/monotonic_clock.h"
#include "live/private_tree.h"
#include "live/stop_signals.h"
#include "protocol/dhcp/message.h"
#include "server/directive_table.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr MacAddress kAddressServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x01}};
constexpr MacAddress kBootServerMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x02}};
constexpr std::string_view kScratchDirectory = "/var/lib/pxeproof";
constexpr Duration kServerPatience = 10s;
constexpr Duration kReadinessPoll = 5ms;
// Its first line, behind everything that keeps it from starting; a translated dnsmasq has another,
// and is given time instead.
constexpr std::string_view kDnsmasqHasStarted = "started, version";
constexpr Duration kPatienceWithOtherWords = 1s;

auto lab_failed(const live::SystemError& error) {
  return environment_failed("the lab: " + error.message);
}

// The body of a host's process: serves until it is told to stop.
int serve_until_stopped(const server::Configuration& configuration, const BootLabOptions& options) {
  const auto print_line = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  auto signals = live::StopSignals::create();
  auto loop = live::EventLoop::create();
  RunningServerOptions server{
      .log = nullptr, .verbosity = 0, .seed = options.seed, .faults = options.faults};
  if (options.log == BootLabOptions::Log::Packets) {
    server.log = print_line;
    server.verbosity = 1;
  }
  auto running = RunningServer::start(configuration, std::move(server));
  if (!signals || !loop || !running) {
    if (!running) print_line(running.error().message);
    return static_cast<int>(running ? ExitCode::EnvironmentFailed : running.error().code);
  }
  if (!loop->add(*signals) || !loop->add(**running)) {
    return static_cast<int>(ExitCode::EnvironmentFailed);
  }
  const auto end = loop->run([&signals] { return signals->stop().has_value(); });
  return static_cast<int>(end ? ExitCode::AsExpected : ExitCode::EnvironmentFailed);
}

Outcome<std::string> write_scratch_file(std::string_view name, std::string_view text) {
  const std::filesystem::path path = std::filesystem::path(kScratchDirectory) / name;
  std::ofstream file(path);
  file << text;
  if (!file.flush())
    return environment_failed(fmt::format("the lab: {} cannot be written", path.string()));
  return path.string();
}

std::vector<std::uint16_t> expected_ports(const server::Configuration& configuration) {
  std::vector<std::uint16_t> ports;
  if (configuration.serves_dhcp()) ports.push_back(configuration.dhcp_server_port);
  if (configuration.tftp.enabled) ports.push_back(69);
  return ports;
}

std::string_view directive_of(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return line.substr(0, line.find_first_of("= \t#"));
}

// A configuration file with further lines behind it, which have the last word. What may stand once
// only is taken out where it stood.
std::string with_lines(const std::string& file, const std::vector<std::string>& lines) {
  std::ifstream stream(file);
  std::string text;
  for (std::string line; std::getline(stream, line);) {
    const std::string_view name = directive_of(line);
    const server::Directive* directive = server::find_directive(name);
    const bool stands_once =
        directive != nullptr && directive->repetition == server::Directive::Repetition::Once;
    const bool is_said_again = std::ranges::any_of(
        lines, [name](const std::string& other) { return directive_of(other) == name; });
    text += (stands_once && is_said_again ? "#" : "") + line + "\n";
  }
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What is wrong with the further lines, at the end of the text, is said of --set, which gave them.
Failure blame_lines(Failure failure, const std::string& name, const std::string& text,
                    const std::vector<std::string>& lines) {
  std::size_t number = static_cast<std::size_t>(std::ranges::count(text, '\n')) - lines.size();
  for (const std::string& line : lines) {
    const std::string place = fmt::format("{}:{}: ", name, ++number);
    const std::size_t at = failure.message.find(place);
    if (at == std::string::npos) continue;
    failure.message.replace(at, place.size(), fmt::format("--set {}: ", line));
  }
  return failure;
}

}  // namespace

Outcome<std::vector<Fault>> read_lab_faults(const std::vector<std::string>& texts,
                                            BootTarget::Server server) {
  if (texts.empty()) return std::vector<Fault>{};
  if (server != BootTarget::Server::Builtin) {
    return wrong_usage("--fault: only our own server can be made faulty; boot from builtin");
  }
  return read_faults(texts);
}

Outcome<LabConfiguration> prepare_lab(const BootTarget& target, ArticleFor article,
                                      const std::vector<std::string>& lines) {
  LabConfiguration lab;
  Outcome<server::LoadedConfiguration> loaded = wrong_usage("");
  if (target.configuration_file.empty()) {
    lab.name = "the article's configuration";
    lab.text = article == ArticleFor::Uefi ? article_configuration_with_efi()
                                           : std::string(article_configuration());
    for (const std::string& line : lines) lab.text += line + "\n";
    loaded = load_configuration_text(lab.name, lab.text);
  } else {
    lab.name = target.configuration_file;
    loaded = load_configuration(lab.name, {});
    if (loaded && !lines.empty()) {
      lab.extended = with_lines(lab.name, lines);
      loaded = load_configuration_text(lab.name, lab.extended);
    }
  }
  if (!loaded) {
    const std::string& text = lab.text.empty() ? lab.extended : lab.text;
    return fail(text.empty() ? loaded.error() : blame_lines(loaded.error(), lab.name, text, lines));
  }
  lab.configuration = std::move(loaded->configuration);
  auto plan = plan_lab(lab.configuration, lab.name);
  if (!plan) return fail(plan.error());
  lab.plan = std::move(*plan);
  return lab;
}

Outcome<BootLab> BootLab::start(const LabConfiguration& lab, const BootLabOptions& options) {
  auto network = live::LabNetwork::create();
  if (!network) return lab_failed(network.error());
  BootLab running(std::move(*network));
  if (const auto made = live::mount_private_directory(std::string(kScratchDirectory)); !made) {
    return lab_failed(made.error());
  }
  if (!lab.text.empty() || options.tree == BootLabOptions::Tree::Article) {
    const std::string root =
        lab.text.empty() ? lab.configuration.tftp.root : std::string(kArticleRoot);
    if (const auto made = live::mount_private_directory(root); !made)
      return lab_failed(made.error());
    if (auto made = make_article_tree(root); !made) return fail(made.error());
  }
  if (lab.configuration.tftp.enabled) running.tree_ = lab.configuration.tftp.root;
  if (lab.plan.address_server) {
    if (auto added = running.add_address_server(lab.plan, options); !added)
      return fail(added.error());
  }
  if (auto added = running.add_boot_server(lab, options); !added) return fail(added.error());
  return running;
}

Outcome<void> BootLab::add_address_server(const LabPlan& plan, const BootLabOptions& options) {
  auto host = network_.add_host({.name = "router",
                                 .mac = kAddressServerMac,
                                 .address = *plan.address_server,
                                 .cable = options.cable});
  if (!host) return lab_failed(host.error());
  if (auto routed = add_routes(*host, plan); !routed) return routed;
  const server::Configuration configuration = address_server_configuration(plan);
  BootLabOptions faultless = options;
  faultless.faults.clear();
  auto process = host->start(
      [configuration, faultless] { return serve_until_stopped(configuration, faultless); });
  if (!process) return lab_failed(process.error());
  servers_.push_back(std::unique_ptr<ServerProcess>(
      new ServerProcess{"address server", std::move(*host), std::move(*process)}));
  return wait_until_ready(*servers_.back(), {dhcp::kServerPort});
}

Outcome<void> BootLab::add_routes(const live::Host& host, const LabPlan& plan) {
  if (plan.relayed.empty()) return {};
  std::vector<std::string> lines;
  for (const LabPlan::Relayed& relayed : plan.relayed) {
    lines.push_back(fmt::format("route add {}/{} via {}", to_string(relayed.inside.network()),
                                std::popcount(relayed.inside.netmask.value),
                                to_string(relayed.outside)));
  }
  const auto added = live::run_ip_batch(lines, host.joining());
  if (!added) return lab_failed(added.error());
  return {};
}

Outcome<void> BootLab::add_boot_server(const LabConfiguration& lab, const BootLabOptions& options) {
  auto host = network_.add_host({.name = "bootserver",
                                 .mac = kBootServerMac,
                                 .address = lab.plan.boot_server,
                                 .interface = lab.plan.interface,
                                 .cable = options.cable});
  if (!host) return lab_failed(host.error());
  if (auto routed = add_routes(*host, lab.plan); !routed) return routed;
  const bool is_dnsmasq = !options.program && options.server == BootTarget::Server::Dnsmasq;
  if (is_dnsmasq) {
    dnsmasq_configuration_ = std::filesystem::absolute(lab.name).string();
    if (const std::string& text = lab.text.empty() ? lab.extended : lab.text; !text.empty()) {
      auto written = write_scratch_file("dnsmasq.conf", text);
      if (!written) return fail(written.error());
      dnsmasq_configuration_ = *written;
    }
  }
  lab_ = lab;
  options_ = options;
  auto process = start_boot_server(*host);
  if (!process) return fail(process.error());
  std::string name =
      options.program ? options.program->name : std::string(to_string(options.server));
  servers_.push_back(std::unique_ptr<ServerProcess>(
      new ServerProcess{std::move(name), std::move(*host), std::move(*process)}));
  const auto ports = options.program ? options.program->ports : expected_ports(lab.configuration);
  return wait_until_ready(*servers_.back(), ports, is_dnsmasq ? Ready::SaysSo : Ready::Listens);
}

Outcome<live::ChildProcess> BootLab::start_boot_server(const live::Host& host) const {
  live::SystemResult<live::ChildProcess> process = fail(live::SystemError{});
  if (options_.program) {
    process = host.start(options_.program->command);
  } else if (options_.server == BootTarget::Server::Dnsmasq) {
    // In debug mode it changes no user, which a user namespace would not allow.
    live::Command command{.program = "dnsmasq",
                          .arguments = {"--no-daemon", "--conf-file=" + dnsmasq_configuration_},
                          .inherited = {}};
    process = host.start(command);
  } else {
    process = host.start([configuration = lab_.configuration, options = options_] {
      return serve_until_stopped(configuration, options);
    });
  }
  if (!process) return lab_failed(process.error());
  return std::move(*process);
}

Outcome<void> BootLab::restart_boot_server() {
  ServerProcess& server = *servers_.back();
  server.process.send_signal(SIGKILL);
  server.process.wait();
  auto process = start_boot_server(server.host);
  if (!process) return fail(process.error());
  server.process = std::move(*process);
  return {};
}

std::optional<BootLab::EndedServer> BootLab::ended_server() {
  for (const auto& server : servers_) {
    if (const auto exit = server->process.exit()) return EndedServer{server->name, *exit};
  }
  return std::nullopt;
}

void BootLab::ServerProcess::keep_lines() {
  for (std::string& line : process.take_lines()) lines.push_back(std::move(line));
}

Outcome<void> BootLab::wait_until_ready(ServerProcess& server, std::vector<std::uint16_t> ports,
                                        Ready ready) {
  auto loop = live::EventLoop::create();
  if (!loop) return lab_failed(loop.error());
  if (const auto added = loop->add(server.process); !added) return lab_failed(added.error());
  const Instant patience_ends = live::now() + kServerPatience;
  bool is_ready = false;
  std::optional<Instant> listens_since;
  while (!server.process.exit() && live::now() < patience_ends) {
    server.keep_lines();
    if (!listens_since && live::listens_on(server.process.pid(), ports)) {
      listens_since = live::now();
    }
    const bool says_so = std::ranges::any_of(server.lines, [](const std::string& line) {
      return line.find(kDnsmasqHasStarted) != std::string::npos;
    });
    is_ready = listens_since && (ready == Ready::Listens || says_so ||
                                 live::now() - *listens_since > kPatienceWithOtherWords);
    if (is_ready) break;
    const auto ended = loop->run([&server] { return server.process.exit().has_value(); },
                                 live::now() + kReadinessPoll);
    if (!ended) return lab_failed(ended.error());
  }
  loop->remove(server.process);
  if (is_ready) return {};
  std::string words;
  server.keep_lines();
  for (const std::string& line : server.lines) words += (words.empty() ? "" : "\n") + line;
  const auto exit = server.process.exit();
  // Our own server ends with the code that its failure deserves.
  const bool is_usage = exit && exit->code == static_cast<int>(ExitCode::WrongUsage);
  const std::string message = words.empty()
                                  ? fmt::format("the lab: the {} does not listen after {:.0f} s",
                                                server.name, to_seconds(kServerPatience))
                                  : words;
  return fail(Failure{is_usage ? ExitCode::WrongUsage : ExitCode::EnvironmentFailed, message});
}

std::vector<const live::Host*> BootLab::hosts() const {
  std::vector<const live::Host*> hosts;
  for (const auto& server : servers_) hosts.push_back(&server->host);
  return hosts;
}

Outcome<std::string> BootLab::add_client_port(const std::string& name) {
  auto port = network_.add_port(name);
  if (!port) return lab_failed(port.error());
  return *port;
}

std::vector<std::string> BootLab::take_server_lines() {
  std::vector<std::string> lines;
  for (const auto& server : servers_) {
    server->process.on_wake(live::now());
    server->keep_lines();
    for (const std::string& line : std::exchange(server->lines, {})) {
      lines.push_back(fmt::format("[{}] {}", server->name, line));
    }
  }
  return lines;
}

}  // namespace pxeproof::cli
