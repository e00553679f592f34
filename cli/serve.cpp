#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string>

#include "cli/boot_file_check.h"
#include "cli/boot_teller.h"
#include "cli/boot_watch.h"
#include "cli/configuration_record.h"
#include "cli/explain_packet.h"
#include "cli/look_round.h"
#include "cli/metrics_exposer.h"
#include "cli/output_file.h"
#include "cli/running_server.h"
#include "cli/serve_control.h"
#include "cli/serve_directory.h"
#include "cli/serve_once.h"
#include "cli/serve_options.h"
#include "cli/server_status.h"
#include "cli/verbs.h"
#include "live/confinement.h"
#include "live/line_writer.h"
#include "live/monotonic_clock.h"
#include "live/network_changes.h"
#include "live/stop_signals.h"
#include "server/lint.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kMaximumTold = 10'000;  // transfers at the end

int report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return static_cast<int>(failure.code);
}

// Whether somebody wrote the line: of a directory's configuration only what options add.
bool is_written(const server::Diagnostic& finding, const ConfigurationOrigin& origin) {
  return origin.directory.empty() || finding.location.file != source_name(origin.directory);
}

// In the order of files and lines. Notes are for who asks: with --test or -v.
void print_findings(std::vector<server::Diagnostic> findings, int verbosity) {
  server::sort_by_place(findings);
  for (const server::Diagnostic& finding : findings) {
    if (finding.severity == server::Diagnostic::Severity::Note && verbosity == 0) continue;
    fmt::print(stderr, "{}\n", server::to_string(finding));
  }
}

void add_written(const std::vector<server::Diagnostic>& more, const ConfigurationOrigin& origin,
                 std::vector<server::Diagnostic>& findings) {
  std::ranges::copy_if(more, std::back_inserter(findings), [&](const server::Diagnostic& finding) {
    return is_written(finding, origin);
  });
}

std::vector<server::Diagnostic> findings_of(const server::LoadedConfiguration& loaded,
                                            const ConfigurationOrigin& origin) {
  std::vector<server::Diagnostic> findings = loaded.warnings;
  add_written(server::lint(loaded.configuration), origin, findings);
  findings.insert(findings.end(), loaded.ignored.begin(), loaded.ignored.end());
  return findings;
}

Outcome<void> test_configuration(const ConfigurationOrigin& origin) {
  auto record = record_sources(origin);
  if (!record) return fail(record.error());
  const auto loaded = load_and_record(*record);
  if (!loaded) return fail(loaded.error());
  std::vector<server::Diagnostic> findings = findings_of(*loaded, origin);
  const auto checked = check_serves(loaded->configuration, source_of(*record));
  if (checked) add_written(check_boot_files(loaded->configuration), origin, findings);
  print_findings(std::move(findings), 1);
  if (!checked) return checked;
  fmt::print("configuration read, no error\n");
  return {};
}

// As whom the process goes on that talks to the network: who the configuration names, else nobody.
// Where this process is not root it stays who it is.
Outcome<live::ConfinementOptions> packet_user(const server::Configuration& configuration) {
  auto user = configured_user(configuration);
  if (!user) return fail(user.error());
  if (!*user) {
    if (auto nobody = live::find_user("nobody", "")) *user = std::move(*nobody);
  }
  return live::ConfinementOptions{.user = std::move(*user)};
}

// A server with everything round it.
class Serve {
 public:
  // A report on standard output stands alone there.
  explicit Serve(ServeOptions options)
      : options_(std::move(options)),
        lines_(options_.once && options_.once->json == "-" ? STDERR_FILENO : STDOUT_FILENO) {}

  // Serves until SIGINT or SIGTERM; SIGHUP reads the configuration again.
  Outcome<void> run();

  // Waits a moment for whoever reads the log.
  void finish() { lines_.finish(); }

 private:
  Outcome<void> start();
  Outcome<void> confine();
  void print(std::string_view lines) { lines_.write(lines); }
  void reload(ServeControl::Reply reply);
  void report() const;
  void on_network_change();
  void on_reloaded(const Outcome<void>& reloaded, const std::vector<std::string>& lines);
  void on_files_change();
  // Under way or waiting.
  std::size_t transfers() const;

  ServeOptions options_;
  live::LineWriter lines_;
  ServeHistory history_;
  std::unique_ptr<OpenerLink> opener_;
  std::optional<live::StopSignals> signals_;
  std::optional<live::NetworkChanges> network_changes_;
  std::unique_ptr<ScriptQueue> scripts_;
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<ServeControl> control_;
  BootWatch watch_;
  std::unique_ptr<LookRound> look_round_;  // of a directory
  bool is_looking_ = false;
  std::set<MacAddress> probes_;         // the machines that it asked as
  std::unique_ptr<BootTeller> teller_;  // of a directory, or of a single run
  std::unique_ptr<ServeOnce> once_;
  std::optional<live::EventLoop> loop_;
};

Outcome<void> Serve::start() {
  // Whoever reads the log may go: that is the end of the log, not of the server.
  std::signal(SIGPIPE, SIG_IGN);
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  signals_.emplace(std::move(*signals));
  auto opener = OpenerLink::start(options_.origin, options_.control);
  if (!opener) return fail(opener.error());
  opener_ = std::move(*opener);
  auto network_changes = live::NetworkChanges::create();
  if (!network_changes) return environment_failed(network_changes.error().message);
  network_changes_.emplace(std::move(*network_changes));
  opener_->request_load();
  auto ready = opener_->wait_for_load();
  if (!ready) return fail(ready.error());
  print_findings(findings_of(ready->loaded, options_.origin), options_.verbosity);
  RunningServerOptions running{.log = [this](const std::string& line) { print(line); },
                               .log_format = options_.log_format,
                               .verbosity = options_.verbosity,
                               .seed = options_.seed,
                               .limits = options_.limits,
                               .faults = options_.faults,
                               .mutant = options_.mutant,
                               .opener = opener_.get()};
  const bool is_watched = options_.once || !options_.origin.directory.empty();
  if (is_watched) {
    running.on_dhcp = [this](const server::ServerEvent& event) {
      // Its own question comes back where two of its interfaces are on one network.
      if (event.client && probes_.contains(*event.client)) return;
      watch_.on_event(event);
      if (look_round_) look_round_->on_event(event);
    };
    running.on_tftp = [this](const server::TftpEvent& event) { watch_.on_event(event); };
    const bool is_plain = options_.verbosity == 0 && options_.log_format == ServerLog::Format::Text;
    if (is_plain) running.events = ServerLog::Events::LeftOut;
    std::optional<ServedPhase> wanted;
    if (options_.once) wanted = options_.once->wanted();
    teller_ = std::make_unique<BootTeller>(
        watch_, BootTeller::Options{.directory = options_.origin.directory, .wanted = wanted},
        [this, wanted](const ServedBoot& boot, const std::string& line) {
          server_->log().boot(boot, {.wanted = wanted, .text = line});
        });
  }
  if (const auto& script = ready->loaded.configuration.script; !script.program.empty()) {
    auto scripts = ScriptQueue::start(script, [this](const std::string& line) {
      if (server_) server_->log().message(ServerLog::Level::Info, line);
    });
    if (!scripts) return fail(scripts.error());
    scripts_ = std::move(*scripts);
    running.scripts = scripts_.get();
  }
  auto server = RunningServer::start(std::move(*ready), std::move(running));
  if (!server) return fail(server.error());
  server_ = std::move(*server);
  history_.started = live::now();
  if (!options_.origin.directory.empty()) {
    look_round_ = std::make_unique<LookRound>(
        *server_, options_.seed,
        [this](const std::string& line) { server_->log().message(ServerLog::Level::Info, line); });
    probes_ = look_round_->askers();
    is_looking_ = true;
  }
  if (options_.once) {
    auto once = ServeOnce::create(*options_.once, history_.started);
    if (!once) return fail(once.error());
    once_ = std::move(*once);
  }
  auto control = ServeControl::create(
      *server_, history_, [this](ServeControl::Reply reply) { reload(std::move(reply)); });
  if (!control) return fail(control.error());
  control_ = std::move(*control);
  if (!options_.control.empty()) {
    if (auto listening = control_->listen(options_.control); !listening) return listening;
    opener_->announce_control();
  }
  if (!options_.metrics.empty()) {
    auto exposer = start_metrics_exposer(options_.metrics);
    if (!exposer) return fail(exposer.error());
    const auto complain = [this] {
      server_->log().message(ServerLog::Level::Error,
                             "--metrics " + options_.metrics +
                                 ": its process has ended; restart the server to have it again");
    };
    if (auto added = control_->add_connection(std::move(*exposer), complain); !added) return added;
  }
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  loop_.emplace(std::move(*loop));
  for (live::EventSource* source :
       {static_cast<live::EventSource*>(&*signals_),
        static_cast<live::EventSource*>(&*network_changes_),
        static_cast<live::EventSource*>(opener_->directory_changes()),
        static_cast<live::EventSource*>(server_.get()), server_->opener_source(),
        static_cast<live::EventSource*>(scripts_.get()), &control_->source(),
        static_cast<live::EventSource*>(look_round_.get()),
        static_cast<live::EventSource*>(teller_.get()), static_cast<live::EventSource*>(&lines_)}) {
    if (source == nullptr) continue;
    if (const auto added = loop_->add(*source); !added) {
      return environment_failed(added.error().message);
    }
  }
  return {};
}

Outcome<void> Serve::confine() {
  if (options_.confinement == ServeOptions::Confinement::Off) {
    history_.confinement = "nothing (--confine off)";
    return {};
  }
  const auto user = packet_user(server_->configuration());
  if (!user) return fail(user.error());
  history_.confinement = live::to_string(live::confine(*user));
  return {};
}

void Serve::reload(ServeControl::Reply reply) {
  opener_->notify("RELOADING=1");
  server_->reload([this, reply = std::move(reply)](const Outcome<void>& reloaded) {
    std::vector<std::string> lines{"configuration read again"};
    const bool is_directory = !options_.origin.directory.empty();
    for (std::string& line : is_directory ? describe_networks(*server_) : server_->describe()) {
      lines.push_back(std::move(line));
    }
    on_reloaded(reloaded, lines);
    if (reply) reply(reloaded);
  });
}

void Serve::on_reloaded(const Outcome<void>& reloaded, const std::vector<std::string>& lines) {
  const ServerLog& log = server_->log();
  if (reloaded) {
    ++history_.reloads;
    history_.last_reload_error.clear();
    for (const std::string& line : lines) log.message(ServerLog::Level::Info, line);
  } else {
    ++history_.failed_reloads;
    history_.last_reload_error = reloaded.error().message;
    log.message(ServerLog::Level::Error, reloaded.error().message);
    log.message(ServerLog::Level::Error, "the old configuration stays in force");
  }
  opener_->notify("READY=1");
}

// Kernels and loaders' files change, too, which is nothing to tell.
void Serve::on_files_change() {
  opener_->notify("RELOADING=1");
  const auto told = [this, before = describe_networks(*server_)](const Outcome<void>& reloaded) {
    std::vector<std::string> lines = describe_networks(*server_);
    if (lines == before) lines.clear();
    on_reloaded(reloaded, lines);
  };
  server_->reload(told, RunningServer::Warnings::New);
}

// SIGUSR1: what --status tells, in the log, as dnsmasq does.
void Serve::report() const {
  const Instant now = live::now();
  const auto text =
      status_text(status_json(*server_, history_, now), counters_json(*server_, history_, now));
  if (!text) return;
  for (std::string_view left = *text; !left.empty();) {
    const std::string_view line = left.substr(0, left.find('\n'));
    server_->log().message(ServerLog::Level::Info, std::string(line));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
  }
}

std::size_t Serve::transfers() const {
  const server::TftpServer* tftp = server_->tftp();
  return tftp == nullptr ? 0 : std::size_t{tftp->transfers()} + tftp->waiting();
}

// A directory's configuration is made from the interfaces.
void Serve::on_network_change() {
  if (server_->read_interfaces() && !options_.origin.directory.empty()) reload(nullptr);
}

Outcome<void> Serve::run() {
  if (auto started = start(); !started) return started;
  if (auto confined = confine(); !confined) return confined;
  const ServerLog& log = server_->log();
  if (options_.origin.directory.empty()) {
    for (const std::string& line : server_->describe()) log.message(ServerLog::Level::Info, line);
  }
  log.message(ServerLog::Level::Info, "confined: " + history_.confinement);
  log.message(ServerLog::Level::Info, fmt::format("serving, seed {}", options_.seed));
  opener_->notify("READY=1");
  const auto is_done = [&] {
    if (is_looking_ && look_round_->is_over()) {
      loop_->remove(*look_round_);
      look_round_->close();
      is_looking_ = false;
    }
    if (signals_->take_reload()) reload(nullptr);
    if (signals_->take_report()) report();
    if (network_changes_->take_change()) on_network_change();
    if (auto* changes = opener_->directory_changes()) {
      const auto changed = changes->take_changed();
      const bool is_of_lines = !server_->configuration().watched_directories.empty();
      if (!changed.empty() && is_of_lines) server_->read_directories(changed);
      if (!changed.empty() && !options_.origin.directory.empty()) on_files_change();
    }
    if (once_ && once_->is_over(watch_, transfers(), live::now())) return true;
    return signals_->stop().has_value() || server_->failure().has_value();
  };
  const auto end = once_ ? loop_->run(is_done, once_->deadline()) : loop_->run(is_done);
  if (server_->tftp() != nullptr) {
    watch_.on_progress(server_->tftp()->list_transfers(live::now(), kMaximumTold));
  }
  server_->stop(live::now());
  opener_->notify("STOPPING=1");
  if (!end) return environment_failed(end.error().message);
  if (const auto failure = server_->failure()) return fail(*failure);
  if (once_) {
    auto judged = once_->finish(watch_, live::now(), options_.command);
    teller_->tell_rest();
    return judged;
  }
  if (teller_) teller_->tell_rest();
  log.message(ServerLog::Level::Info, "stopped");
  return {};
}

// A confined process cannot even be taken apart in good order; all it holds is the kernel's.
[[noreturn]] void end_confined(int code) {
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace

ExitCode run_serve(std::span<const std::string> words) {
  const auto arguments = parse_arguments(serve_syntax(), words);
  if (!arguments) return static_cast<ExitCode>(report(arguments.error()));
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(serve_syntax()));
    return ExitCode::AsExpected;
  }
  if (const auto path = arguments->value("status")) {
    const auto command = arguments->value("command");
    if (command) {
      const auto answer = ask_command(*path, *command);
      if (!answer) return static_cast<ExitCode>(report(answer.error()));
      fmt::print("{}", answer->text);
      return answer->code;
    }
    const auto status = ask_status(*path);
    if (!status) return static_cast<ExitCode>(report(status.error()));
    fmt::print("{}", *status);
    return ExitCode::AsExpected;
  }
  if (arguments->value("fault") == "list") {
    fmt::print("{}", list_faults());
    return ExitCode::AsExpected;
  }
  auto options = read_serve_options(*arguments, words);
  if (!options) return static_cast<ExitCode>(report(options.error()));
  const ConfigurationOrigin origin = options->origin;
  const std::string report_file = options->once ? options->once->json : "";
  if (const auto checked =
          check_outputs({{"--json", report_file}}, {{"the configuration", origin.file}});
      !checked) {
    return static_cast<ExitCode>(report(checked.error()));
  }
  if (origin.file.empty() && origin.directives.empty() && origin.directory.empty()) {
    return static_cast<ExitCode>(
        report({ExitCode::WrongUsage,
                "pxeproof serve: nothing to serve; give a directory, --conf-file FILE or "
                "directives such as --enable-tftp --tftp-root=/srv/tftp"}));
  }
  if (const auto packet = arguments->value("explain-packet")) {
    const auto explained = explain_packet(*packet, origin);
    if (!explained) return static_cast<ExitCode>(report(explained.error()));
    fmt::print("{}", explained->text);
    return explained->fate == PacketExplanation::Fate::Answered ? ExitCode::AsExpected
                                                                : ExitCode::TestedThingFailed;
  }
  if (arguments->has("test")) {
    const auto tested = test_configuration(origin);
    return tested ? ExitCode::AsExpected : static_cast<ExitCode>(report(tested.error()));
  }
  const bool is_confined = options->confinement == ServeOptions::Confinement::On;
  // Who waits for one boot waits for no program.
  if (!options->once) options->origin.no_program = NoProgram::Awaited;
  Serve serve(std::move(*options));
  const auto served = serve.run();
  serve.finish();
  const int code = served ? 0 : report(served.error());
  if (is_confined) end_confined(code);
  return static_cast<ExitCode>(code);
}

}  // namespace pxeproof::cli
