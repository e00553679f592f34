#include "cli/conform_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/boot_lab.h"
#include "cli/boot_target.h"
#include "cli/conform_options.h"
#include "cli/output_file.h"
#include "cli/replay_index.h"
#include "cli/replay_report.h"
#include "cli/replay_tree.h"
#include "cli/target_program.h"
#include "conformance/derived_configuration.h"
#include "conformance/dialogue_case.h"
#include "conformance/replay.h"
#include "conformance/setting.h"
#include "conformance/variant.h"
#include "live/event_loop.h"
#include "live/packet_port.h"
#include "live/private_namespaces.h"
#include "live/station_runner.h"
#include "live/stop_signals.h"
#include "live/temporary_directory.h"
#include "live/text_file.h"

namespace pxeproof::cli {

namespace {

using conformance::Comparison;
using conformance::Dialogue;
using conformance::Difference;
using conformance::Rank;
using conformance::ReplayedTurn;
using Json = nlohmann::ordered_json;

constexpr std::string_view kSchema = "pxeproof/replay/1";

Outcome<void> drive(const std::string& interface, conformance::ReplayStation& station) {
  auto port = live::PacketPort::open(interface);
  if (!port) return environment_failed(port.error().message);
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  live::StationRunner runner(*port);
  for (live::EventSource* source :
       {static_cast<live::EventSource*>(&runner), static_cast<live::EventSource*>(&*signals)}) {
    if (const auto added = loop->add(*source); !added) {
      return environment_failed(added.error().message);
    }
  }
  runner.add(station);
  const auto end = loop->run([&] {
    return station.is_over() || signals->stop().has_value() || runner.error().has_value();
  });
  if (!end) return environment_failed(end.error().message);
  if (runner.error()) return environment_failed(runner.error()->message);
  if (station.is_unreachable()) {
    return environment_failed("replay: the server does not answer ARP; is it on this network?");
  }
  return {};
}

int told(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return static_cast<int>(failure.code);
}

Outcome<std::vector<Dialogue>> read_case_file(const std::string& file) {
  const auto text = live::read_text_file(file);
  if (!text) {
    return wrong_usage(
        fmt::format("{}: cannot be read ({}); name a case that exists", file, text.error()));
  }
  auto dialogues = conformance::read_case(*text, file);
  if (!dialogues) return wrong_usage(dialogues.error());
  return std::move(*dialogues);
}

class ReplayRun {
 public:
  ReplayRun(const ReplayOptions& options, std::filesystem::path work)
      : options_(options), work_(std::move(work)) {}

  // Reads the captures; the result is worst-so-far.
  Outcome<void> read();
  ExitCode run();

 private:
  struct Capture {
    std::string name;
    std::vector<Dialogue> dialogues;
    ReplaySource source;
  };
  std::string configuration_for(const Replay& replay, const ReplaySource& source,
                                const std::string& tree) const;
  static BootLabOptions::Program program_for(const conformance::TargetFile& target,
                                             const LabPlan& plan, const std::string& file,
                                             const std::string& tree);
  int replay_in_lab(const Replay& replay, const ReplaySource& source);
  int conclude(const Replay& replay, const conformance::ReplayStation& station) const;
  ExitCode write_report() const;
  ExitCode run_on_interface(const Replay& replay);

  const ReplayOptions& options_;
  std::filesystem::path work_;
  std::vector<Capture> captures_;
};

Outcome<void> ReplayRun::read() {
  auto sources = find_replay_sources(options_.path);
  if (!sources) return fail(sources.error());
  for (ReplaySource& source : *sources) {
    if (source.file.ends_with(".toml")) {
      auto edited = read_case_file(source.file);
      if (!edited) return fail(edited.error());
      captures_.push_back({std::filesystem::path(source.file).filename().string(),
                           std::move(*edited), std::move(source)});
      continue;
    }
    auto dialogues = conformance::read_dialogues(source.file, {});
    if (!dialogues) {
      if (dialogues.error().kind == conformance::DialogueError::Kind::Unreadable) {
        return wrong_usage(dialogues.error().message);
      }
      fmt::print(stderr, "{}\n", dialogues.error().message);
      continue;
    }
    captures_.push_back({std::filesystem::path(source.file).filename().string(),
                         std::move(*dialogues), std::move(source)});
  }
  return {};
}

int ReplayRun::conclude(const Replay& replay, const conformance::ReplayStation& station) const {
  const Ending ending = judge(station.turns());
  if (options_.json != "-") print_replay(replay, station.turns(), options_.verbosity);
  // From inside the namespaces: a line of the report that the caller puts together.
  std::ofstream(work_ / "replays.jsonl", std::ios::app)
      << replay_entry(replay, station.turns()) << "\n";
  return static_cast<int>(ending == Ending::Different ? ExitCode::TestedThingFailed
                                                      : ExitCode::AsExpected);
}

// Of --conf-file, of the case, of INDEX.toml, or read off the answers, in this order.
std::string ReplayRun::configuration_for(const Replay& replay, const ReplaySource& source,
                                         const std::string& tree) const {
  std::string text = replay.dialogue->configuration.empty() ? source.configuration
                                                            : replay.dialogue->configuration;
  if (!options_.configuration_file.empty()) {
    std::ostringstream read;
    read << std::ifstream(options_.configuration_file).rdbuf();
    text = read.str();
  }
  return text.empty() ? conformance::derive_configuration(*replay.dialogue, tree)
                      : with_tftp_root(text, tree);
}

// What is started for a target that is neither our server nor dnsmasq; its own configuration, where
// it has one, takes the place of what is in the file.
BootLabOptions::Program ReplayRun::program_for(const conformance::TargetFile& target,
                                               const LabPlan& plan, const std::string& file,
                                               const std::string& tree) {
  if (!target.configuration.empty() && !target.reads_dnsmasq()) {
    conformance::Setting setting;
    setting.network = plan.boot_server;
    setting.server = plan.boot_server.address;
    setting.root = tree;
    std::ofstream(file) << conformance::configuration_text(
        {.name = {}, .text = target.configuration}, setting);
  }
  return {.name = target.name,
          .command = command_of(
              target,
              {.configuration = file, .root = tree, .fixture = tree, .interface = plan.interface}),
          .ports = target.ready_ports};
}

int ReplayRun::replay_in_lab(const Replay& replay, const ReplaySource& source) {
  const std::filesystem::path tree = work_ / "tree";
  std::error_code ignored;
  std::filesystem::remove_all(tree, ignored);
  if (const auto made = make_replay_tree(*replay.dialogue, tree); !made) return told(made.error());
  const std::string file = (work_ / "replay.conf").string();
  std::ofstream(file) << configuration_for(replay, source, tree.string());
  const std::string server = replay.program == nullptr ? replay.target : "builtin";
  const auto target = parse_boot_target("--target", server + ":" + file);
  if (!target) return told(target.error());
  const auto configuration = prepare_lab(*target, ArticleFor::Bios);
  if (!configuration) {
    // The file that is served is a copy of what somebody wrote.
    Failure failure = configuration.error();
    const std::string& given = options_.configuration_file;
    const std::string origin = given.empty() ? "configuration for " + replay.capture : given;
    for (std::size_t at = 0; (at = failure.message.find(file, at)) != std::string::npos;) {
      failure.message.replace(at, file.size(), origin);
      at += origin.size();
    }
    return told(failure);
  }
  BootLabOptions lab_options{
      .server = target->server, .verbosity = options_.verbosity, .seed = options_.seed};
  const LabPlan& plan = configuration->plan;
  if (replay.program != nullptr) {
    lab_options.program = program_for(*replay.program, plan, file, tree.string());
  }
  auto lab = BootLab::start(*configuration, lab_options);
  if (!lab) return told(lab.error());
  const auto port = lab->add_client_port("client");
  if (!port) return told(port.error());
  conformance::ReplaySetting setting;
  setting.server = plan.boot_server.address;
  setting.client = plan.boot_server.contains(replay.dialogue->client_address)
                       ? replay.dialogue->client_address
                       : plan.first_lease;
  if (plan.address_server) setting.other = plan.address_server->address;
  setting.comparison = replay.comparison;
  setting.seed = options_.seed;
  const bool files_only = replay.program != nullptr && replay.program->serves_files_only();
  const Dialogue dialogue = files_only ? replay.dialogue->reads_only() : *replay.dialogue;
  if (dialogue.turns.empty()) {
    fmt::print("skip  {} with {}: it serves files only, and none is asked for here\n",
               replay.capture, replay.target);
    return static_cast<int>(ExitCode::NothingTested);
  }
  conformance::ReplayStation station(dialogue, setting);
  if (const auto driven = drive(*port, station); !driven) return told(driven.error());
  return conclude(replay, station);
}

ExitCode ReplayRun::run_on_interface(const Replay& replay) {
  conformance::ReplaySetting setting;
  setting.server = options_.remote_server.value_or(replay.dialogue->server);
  setting.client = replay.dialogue->client_address;
  setting.comparison = replay.comparison;
  setting.seed = options_.seed;
  fmt::print("on {}: sends {} turns as {} ({}) to {}\n", options_.interface,
             replay.dialogue->turns.size(), to_string(replay.dialogue->client),
             to_string(setting.client), to_string(setting.server));
  conformance::ReplayStation station(*replay.dialogue, setting);
  if (const auto driven = drive(options_.interface, station); !driven) {
    return static_cast<ExitCode>(told(driven.error()));
  }
  return static_cast<ExitCode>(conclude(replay, station));
}

ExitCode ReplayRun::run() {
  ExitCode worst = ExitCode::NothingTested;
  const auto note = [&worst](ExitCode code) {
    // What the harness could not do outweighs a difference, which outweighs success.
    const bool is_first = worst == ExitCode::NothingTested;
    if (is_first || code > worst) worst = code;
  };
  for (const Capture& capture : captures_) {
    for (const Dialogue& dialogue : capture.dialogues) {
      const bool from_dnsmasq = capture.source.server.empty() ? dialogue.looks_like_dnsmasq()
                                                              : capture.source.server == "dnsmasq";
      if (!options_.interface.empty()) {
        note(
            run_on_interface({.capture = capture.name, .dialogue = &dialogue, .target = "remote"}));
        continue;
      }
      for (const ReplayTarget& each : options_.targets) {
        const std::string& target = each.name;
        Replay replay{.capture = capture.name,
                      .dialogue = &dialogue,
                      .target = target,
                      .program = each.program ? &*each.program : nullptr};
        if (target == "builtin" && from_dnsmasq) replay.comparison = Comparison::DnsmasqWithOurs;
        if (target == capture.source.server) replay.comparison = Comparison::SameServer;
        std::fflush(stdout);
        const auto exit =
            live::run_in_private_namespaces([&] { return replay_in_lab(replay, capture.source); });
        if (!exit)
          return static_cast<ExitCode>(told({ExitCode::EnvironmentFailed, exit.error().message}));
        note(static_cast<ExitCode>(exit->shell_code()));
      }
    }
  }
  if (worst == ExitCode::NothingTested) fmt::print(stderr, "nothing was replayed\n");
  if (options_.json.empty()) return worst;
  const ExitCode written = write_report();
  return written == ExitCode::AsExpected ? worst : written;
}

ExitCode ReplayRun::write_report() const {
  Json replays = Json::array();
  std::ifstream lines(work_ / "replays.jsonl");
  for (std::string line; std::getline(lines, line);) replays.push_back(Json::parse(line));
  const Json report = {{"schema", kSchema},
                       {"tool", PXEPROOF_VERSION},
                       {"seed", options_.seed},
                       {"replays", std::move(replays)}};
  const std::string text = report.dump(2) + "\n";
  const auto written = write_output({"--json", options_.json}, text);
  return written ? ExitCode::AsExpected : static_cast<ExitCode>(told(written.error()));
}

}  // namespace

Outcome<ReplayOptions> read_replay_options(const Arguments& arguments) {
  ReplayOptions options;
  options.path = arguments.value_or("replay", "");
  options.interface = arguments.value_or("interface", "");
  options.configuration_file = arguments.value_or("conf-file", "");
  options.json = arguments.value_or("json", "");
  options.verbosity = arguments.verbosity;
  std::istringstream targets(arguments.value_or("target", "builtin"));
  for (std::string target; std::getline(targets, target, ',');) {
    // A configuration comes from the capture, from --conf-file or from INDEX.toml.
    const std::string server = target.substr(0, target.find(':'));
    if (server == "builtin" || server == "dnsmasq") {
      if (const auto known = parse_boot_target("--target", target); !known)
        return fail(known.error());
      options.targets.push_back({std::move(target), std::nullopt});
      continue;
    }
    auto program = load_target(target);
    if (!program) return fail(program.error());
    if (program->kind != conformance::TargetFile::Kind::Exec) {
      return wrong_usage(fmt::format(
          "--target {}: is on a network of its own; replay there with --interface IF --server {}",
          target, program->address));
    }
    options.targets.push_back({program->name, std::move(*program)});
  }
  if (const auto server = arguments.value("server")) {
    options.remote_server = Ipv4Address::parse(*server);
    if (!options.remote_server) {
      return wrong_usage(
          fmt::format("--server: '{}' is no address; give one such as 192.168.1.2", *server));
    }
  }
  if (!options.configuration_file.empty() && !std::filesystem::exists(options.configuration_file)) {
    return wrong_usage(options.configuration_file +
                       ": cannot be read; name a configuration file that exists");
  }
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, ~std::uint64_t{0});
  if (!seed) return fail(seed.error());
  options.seed = *seed;
  if (auto checked = check_outputs(
          {{"--json", options.json}},
          {{"the capture", options.path}, {"the configuration", options.configuration_file}});
      !checked) {
    return fail(checked.error());
  }
  return options;
}

ExitCode run_to_case(const Arguments& arguments) {
  const std::string capture = arguments.value_or("to-case", "");
  const OutputFile output{"--output", arguments.value_or("output", "-")};
  if (const auto checked = check_outputs({output}, {{"the capture", capture}}); !checked) {
    return static_cast<ExitCode>(told(checked.error()));
  }
  auto dialogues = conformance::read_dialogues(capture, {});
  if (!dialogues) {
    const bool is_unreadable =
        dialogues.error().kind == conformance::DialogueError::Kind::Unreadable;
    return static_cast<ExitCode>(
        told({is_unreadable ? ExitCode::WrongUsage : ExitCode::NothingTested,
              dialogues.error().message}));
  }
  // Where the configuration is known it goes along; otherwise it is read off the answers.
  if (const auto sources = find_replay_sources(capture); sources && sources->size() == 1) {
    const std::string& known = sources->front().configuration;
    for (conformance::Dialogue& each : *dialogues) {
      if (!known.empty()) each.configuration = with_tftp_root(known, "{root}");
    }
  }
  const std::string text =
      conformance::write_case(*dialogues, std::filesystem::path(capture).filename().string());
  if (const auto written = write_output(output, text); !written) {
    return static_cast<ExitCode>(told(written.error()));
  }
  if (output.file == "-") return ExitCode::AsExpected;
  fmt::print("{}: {} conversations; next: pxeproof conform --replay {}\n", output.file,
             dialogues->size(), output.file);
  return ExitCode::AsExpected;
}

ExitCode run_replay(const Arguments& arguments) {
  const auto read_options = read_replay_options(arguments);
  if (!read_options) return static_cast<ExitCode>(told(read_options.error()));
  const ReplayOptions& options = *read_options;
  auto work = live::TemporaryDirectory::create("pxeproof-replay-");
  if (!work)
    return static_cast<ExitCode>(told({ExitCode::EnvironmentFailed, work.error().message}));
  // Servers that run as another user read the tree.
  std::filesystem::permissions(work->path(), std::filesystem::perms{0755});
  ReplayRun run(options, work->path());
  if (const auto read = run.read(); !read) return static_cast<ExitCode>(told(read.error()));
  return run.run();
}

}  // namespace pxeproof::cli
