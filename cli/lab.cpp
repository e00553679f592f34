#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/boot_lab.h"
#include "cli/boot_report.h"
#include "cli/boot_story.h"
#include "cli/output_file.h"
#include "cli/recorded_boot.h"
#include "cli/tree_content.h"
#include "cli/verbs.h"
#include "lab/ipv6_router.h"
#include "live/event_loop.h"
#include "live/frame_relay.h"
#include "live/monotonic_clock.h"
#include "live/packet_port.h"
#include "live/private_namespaces.h"
#include "live/qemu.h"
#include "live/station_runner.h"
#include "live/stop_signals.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::array kOptions = {
    OptionSpec{"firmware", "NAME", "the real ROM: ipxe-bios (default), ovmf-x64, ovmf-ia32, ..."},
    OptionSpec{"server", "SERVER",
               "builtin, dnsmasq, CONF (a configuration of yours for builtin) or dnsmasq:CONF"},
    OptionSpec{"fault", "FAULTS",
               "make the builtin server faulty: `pxeproof serve --fault list` shows how"},
    OptionSpec{"uuid", "UUID", "the machine's SMBIOS UUID (none by default)"},
    OptionSpec{"until", "PHASE", "payload (default): memtest86+ on the screen; nbp: a whole file"},
    OptionSpec{"watch", "SECONDS", "only watch for so long, whatever comes, and judge nothing"},
    OptionSpec{"linger", "SECONDS", "stay so much longer, for what comes after success"},
    OptionSpec{"timeout", "SECONDS", "how long it may take (default 180)"},
    OptionSpec{"real-waits", "", "no IPv6 router in the lab: iPXE waits 16 s for one"},
    OptionSpec{"article-tree", "", "lay the article's tree under the server's tftp-root"},
    OptionSpec{"save", "FILE", "write a capture"},
    OptionSpec{"own-clock", "FILE", "write one by the machine's own clock, without file content"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
};

constexpr Syntax kSyntax{
    .verb = "lab",
    .purpose =
        "Boots a real ROM in QEMU, in a private network, until memtest86+ runs on its screen.",
    .options = kOptions,
    .positionals = "boot",
    .foreign = ForeignOptions::Refuse,
};

constexpr MacAddress kMachineMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
constexpr MacAddress kRouterMac{{0x02, 0x50, 0x58, 0x45, 0x00, 0x06}};
constexpr Duration kScreenInterval = 500ms;

struct LabBootOptions {
  BootTarget target;
  live::MachineFirmware firmware = live::MachineFirmware::IpxeBios;
  std::vector<Fault> faults;
  std::string uuid;
  Duration timeout = 180s;
  // What it takes to succeed; a machine that is only watched runs its full time.
  enum class Until { Payload, Nbp, TimeIsUp };
  Until until = Until::Payload;
  Duration linger{};
  enum class Ipv6Router { Present, Absent };
  Ipv6Router ipv6_router = Ipv6Router::Present;
  int verbosity = 0;
  std::string save;
  std::string own_clock;
  enum class Tree { OfConfiguration, Article };
  Tree tree = Tree::OfConfiguration;
  std::string json;

  bool is_told() const { return json != "-" && save != "-"; }
  std::string again() const {
    std::string quoted;
    for (const Fault& fault : faults) quoted += " --fault " + in_quotes(fault.text);
    return fmt::format("pxeproof lab boot --firmware {} --server {}{}{}{}{}{} -v",
                       live::to_string(firmware), to_string(target.server),
                       target.configuration_file.empty() ? "" : ":", target.configuration_file,
                       quoted, uuid.empty() ? "" : " --uuid " + uuid,
                       until == Until::Nbp ? " --until nbp" : "");
  }
};

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

Outcome<LabBootOptions> read_options(const Arguments& arguments) {
  LabBootOptions options;
  options.verbosity = arguments.verbosity;
  options.save = arguments.value_or("save", "");
  options.own_clock = arguments.value_or("own-clock", "");
  if (arguments.has("article-tree")) options.tree = LabBootOptions::Tree::Article;
  options.json = arguments.value_or("json", "");
  options.uuid = arguments.value_or("uuid", "");
  if (!options.uuid.empty() && !Guid::parse(options.uuid)) {
    return wrong_usage(
        fmt::format("--uuid: '{}' is no UUID; write it like 123e4567-e89b-12d3-a456-426614174000",
                    options.uuid));
  }
  if (arguments.has("real-waits")) options.ipv6_router = LabBootOptions::Ipv6Router::Absent;
  const auto target = parse_target_or_file("--server", arguments.value_or("server", "builtin"));
  if (!target) return fail(target.error());
  options.target = *target;
  auto faults = read_lab_faults(arguments.all("fault"), options.target.server);
  if (!faults) return fail(faults.error());
  options.faults = std::move(*faults);
  const std::string name = arguments.value_or("firmware", "ipxe-bios");
  const auto firmware = live::find_machine_firmware(name);
  if (!firmware) {
    std::string names;
    for (const std::string_view each : live::machine_firmware_names())
      names += (names.empty() ? "" : ", ") + std::string(each);
    return wrong_usage(
        fmt::format("--firmware: QEMU has no '{}' here; give one of {}", name, names));
  }
  options.firmware = *firmware;
  const std::string until = arguments.value_or("until", "payload");
  if (until != "payload" && until != "nbp") {
    return wrong_usage(fmt::format("--until: '{}' is none of nbp, payload", until));
  }
  if (until == "nbp") options.until = LabBootOptions::Until::Nbp;
  if (const auto text = arguments.value("watch")) {
    const auto seconds = parse_count("--watch", *text, 1, 3600);
    if (!seconds) return fail(seconds.error());
    options.until = LabBootOptions::Until::TimeIsUp;
    options.timeout = std::chrono::seconds(*seconds);
  }
  if (const auto text = arguments.value("linger")) {
    const auto seconds = parse_count("--linger", *text, 0, 3600);
    if (!seconds) return fail(seconds.error());
    options.linger = std::chrono::seconds(*seconds);
  }
  if (const auto text = arguments.value("timeout")) {
    const auto seconds = parse_count("--timeout", *text, 1, 3600);
    if (!seconds) return fail(seconds.error());
    options.timeout = std::chrono::seconds(*seconds);
  }
  return options;
}

// One boot of a machine in QEMU, watched from its cable and its screen.
class LabBoot {
 public:
  LabBoot(const LabBootOptions& options, BootLab& lab)
      : options_(options), lab_(lab), tree_(lab.tree()) {}

  Outcome<ExitCode> run();

 private:
  MacAddress client() const { return live::sending_address(options_.firmware, kMachineMac); }
  Outcome<void> drive(live::Machine& machine, BootStory& story);
  Outcome<bool> has_reached(live::Machine& machine, const BootStory& story);
  void tell_lines(live::Machine& machine);
  Outcome<ExitCode> conclude(const BootStory& story) const;
  void read_last_screen(live::Machine& machine);

  const LabBootOptions& options_;
  BootLab& lab_;
  TreeContent tree_;
  Instant power_on_;
  std::optional<Instant> reached_at_;  // memtest86+ on the screen, or the boot file whole
  std::string screen_;                 // the last rows of a BIOS machine's screen
  std::string ending_;                 // why it ended without memtest
};

void LabBoot::tell_lines(live::Machine& machine) {
  for (const std::string& line : lab_.take_server_lines()) {
    if (options_.verbosity > 0 && options_.is_told()) fmt::print("            {}\n", line);
  }
  for (const std::string& line : machine.process().take_lines()) {
    const std::string text = live::without_escapes(line);
    if (text.find_first_not_of(" \r") == std::string::npos) continue;
    screen_ = text;
    if (options_.verbosity > 0 && options_.is_told())
      fmt::print("            [machine] {}\n", text);
  }
}

Outcome<bool> LabBoot::has_reached(live::Machine& machine, const BootStory& story) {
  switch (options_.until) {
    case LabBootOptions::Until::TimeIsUp:
      return false;
    case LabBootOptions::Until::Nbp:
      return std::ranges::any_of(story.steps(), [](const trace::Step& step) {
        const auto* const transfer = std::get_if<trace::TransferStep>(&step.what);
        return transfer != nullptr && transfer->outcome == trace::TransferStep::Outcome::Complete;
      });
    case LabBootOptions::Until::Payload:
      break;
  }
  const auto runs = machine.memtest_runs();
  if (!runs) return environment_failed(runs.error().message);
  return *runs;
}

void LabBoot::read_last_screen(live::Machine& machine) {
  if (options_.firmware != live::MachineFirmware::IpxeBios) return;
  const auto screen = machine.read_text_screen();
  if (!screen) return;
  const std::vector<std::string> rows = screen->rows();
  constexpr std::size_t kShownRows = 3;
  screen_.clear();
  for (std::size_t i = rows.size() - std::min(rows.size(), kShownRows); i < rows.size(); ++i) {
    screen_ += (screen_.empty() ? "" : " / ") + rows[i];
  }
}

Outcome<void> LabBoot::drive(live::Machine& machine, BootStory& story) {
  const auto port_name = lab_.add_client_port("machine");
  if (!port_name) return fail(port_name.error());
  auto port = live::PacketPort::open(*port_name);
  if (!port) return environment_failed(port.error().message);
  const auto router_name = lab_.add_client_port("router6");
  if (!router_name) return fail(router_name.error());
  auto router_port = live::PacketPort::open(*router_name);
  if (!router_port) return environment_failed(router_port.error().message);
  auto loop = live::EventLoop::create();
  auto signals = live::StopSignals::create();
  if (!loop) return environment_failed(loop.error().message);
  if (!signals) return environment_failed(signals.error().message);

  live::FrameRelay relay(*port, machine.take_network(), &story);
  live::StationRunner router_runner(*router_port);
  lab::Ipv6Router router(kRouterMac);
  std::vector<live::EventSource*> sources{&relay, &*signals, &machine.process()};
  if (options_.ipv6_router == LabBootOptions::Ipv6Router::Present)
    sources.push_back(&router_runner);
  for (live::EventSource* source : sources) {
    if (const auto added = loop->add(*source); !added)
      return environment_failed(added.error().message);
  }
  if (options_.ipv6_router == LabBootOptions::Ipv6Router::Present) router_runner.add(router);

  const Instant give_up = power_on_ + options_.timeout;
  const auto lingers = [&] { return reached_at_ && live::now() < *reached_at_ + options_.linger; };
  while ((!reached_at_ || lingers()) && ending_.empty()) {
    const auto ended = loop->run(
        [&] {
          tell_lines(machine);
          return signals->stop().has_value() || machine.process().exit().has_value();
        },
        live::now() + kScreenInterval);
    if (!ended) return environment_failed(ended.error().message);
    if (relay.error()) return environment_failed(relay.error()->message);
    if (machine.process().exit()) return environment_failed("QEMU ended by itself: " + screen_);
    if (signals->stop()) ending_ = "it was stopped by a signal";
    if (reached_at_) continue;
    if (ending_.empty() && story.begun()) {
      const auto reached = has_reached(machine, story);
      if (!reached) return fail(reached.error());
      if (*reached) reached_at_ = live::now();
    }
    if (!reached_at_ && ending_.empty() && live::now() >= give_up) {
      ending_ = fmt::format("not there after {:.0f} s", to_seconds(options_.timeout));
    }
  }
  if (!reached_at_) read_last_screen(machine);
  return {};
}

Outcome<ExitCode> LabBoot::run() {
  std::optional<trace::PcapWriter> capture;
  if (!options_.save.empty()) {
    auto created = trace::PcapWriter::create(options_.save);
    if (!created) return wrong_usage("--save: " + created.error().message);
    capture = std::move(*created);
  }
  BootStory story({.client = client(),
                   .verbosity = options_.verbosity,
                   .output = options_.is_told() ? Output::Terminal : Output::Nowhere,
                   .remark = [this](const trace::TransferStep& transfer) -> std::string {
                     const auto expected = tree_.sha256(transfer.filename);
                     if (transfer.outcome != trace::TransferStep::Outcome::Complete || !expected)
                       return {};
                     return *expected == transfer.sha256 ? "as in the tree" : "NOT as in the tree";
                   }},
                  std::move(capture));
  using Time = live::MachineOptions::Time;
  auto machine =
      live::Machine::start({.firmware = options_.firmware,
                            .mac = kMachineMac,
                            .uuid = options_.uuid,
                            .time = options_.own_clock.empty() ? Time::Host : Time::Own});
  if (!machine) return environment_failed(machine.error().message);
  power_on_ = live::now();
  if (auto driven = drive(*machine, story); !driven) return fail(driven.error());
  if (auto finished = story.finish(); !finished) return fail(finished.error());
  if (!options_.own_clock.empty()) {
    const std::string comment =
        fmt::format("{} in QEMU against {}, {}", live::to_string(options_.firmware),
                    to_string(options_.target.server),
                    std::filesystem::path(options_.target.configuration_file).filename().string());
    if (auto kept = keep_recording(machine->recording(), options_.own_clock, comment); !kept) {
      return fail(kept.error());
    }
  }
  return conclude(story);
}

Outcome<ExitCode> LabBoot::conclude(const BootStory& story) const {
  BootReport outcome;
  outcome.verb = "lab boot";
  outcome.server = std::string(to_string(options_.target.server));
  outcome.firmware = std::string(live::to_string(options_.firmware));
  outcome.mac = to_string(client());
  outcome.reached = options_.until == LabBootOptions::Until::Nbp ? "nbp" : "payload";
  outcome.seconds = to_seconds((reached_at_ ? *reached_at_ : live::now()) - power_on_);
  outcome.capture_file = options_.save;
  outcome.again = options_.again();
  const bool is_judged = options_.until != LabBootOptions::Until::TimeIsUp;
  if (is_judged && !reached_at_) {
    const char* const expected = options_.until == LabBootOptions::Until::Nbp
                                     ? "a boot file that arrives whole (RFC 1350 s.2)"
                                     : "memtest86+ on the machine's screen";
    outcome.failure = BootFailure{expected, ending_, screen_};
  }
  if (!options_.json.empty()) {
    if (auto written = write_report(options_.json, outcome, story.steps()); !written)
      return fail(written.error());
  }
  if (outcome.failure) {
    fmt::print(options_.is_told() ? stdout : stderr, "NOT BOOTED after {:.1f} s\n{}",
               outcome.seconds, failure_text(outcome));
    return ExitCode::TestedThingFailed;
  }
  if (!is_judged) {
    if (options_.is_told()) {
      fmt::print("watched for {:.0f} s: {} frames at the machine's cable\n", outcome.seconds,
                 story.frames());
    }
    return story.frames() > 0 ? ExitCode::AsExpected : ExitCode::NothingTested;
  }
  if (options_.is_told() && options_.until == LabBootOptions::Until::Nbp) {
    fmt::print("a boot file came whole {:.1f} s after power-on\n", outcome.seconds);
  } else if (options_.is_told()) {
    fmt::print("memtest86+ runs: its screen was seen {:.1f} s after power-on\n", outcome.seconds);
  }
  return ExitCode::AsExpected;
}

ExitCode boot_in_lab(const LabBootOptions& options, const LabConfiguration& configuration) {
  auto lab = BootLab::start(configuration, {.server = options.target.server,
                                            .verbosity = options.verbosity,
                                            .seed = 1,
                                            .faults = options.faults,
                                            .tree = options.tree == LabBootOptions::Tree::Article
                                                        ? BootLabOptions::Tree::Article
                                                        : BootLabOptions::Tree::OfConfiguration});
  if (!lab) return report(lab.error());
  if (options.is_told()) {
    fmt::print("{} in QEMU, {}, against {} at {}, {}\n", live::to_string(options.firmware),
               to_string(live::sending_address(options.firmware, kMachineMac)),
               to_string(options.target.server), to_string(configuration.plan.boot_server.address),
               configuration.name);
    std::fflush(stdout);
  }
  const auto code = LabBoot(options, *lab).run();
  return code ? *code : report(code.error());
}

}  // namespace

ExitCode run_lab(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  if (arguments->positionals != std::vector<std::string>{"boot"}) {
    return report(
        {ExitCode::WrongUsage, "pxeproof lab: write `pxeproof lab boot`, with options behind it"});
  }
  const auto options = read_options(*arguments);
  if (!options) return report(options.error());
  if (const auto checked =
          check_outputs({{"--json", options->json},
                         {"--save", options->save},
                         {"--own-clock", options->own_clock}},
                        {{"the configuration", options->target.configuration_file}});
      !checked) {
    return report(checked.error());
  }
  const auto configuration = prepare_lab(
      options->target,
      live::architecture_of(options->firmware) != 0 ? ArticleFor::Uefi : ArticleFor::Bios);
  if (!configuration) return report(configuration.error());
  const auto exit = live::run_in_private_namespaces(
      [&] { return static_cast<int>(boot_in_lab(*options, *configuration)); });
  if (!exit) return report({ExitCode::EnvironmentFailed, exit.error().message});
  return static_cast<ExitCode>(exit->shell_code());
}

}  // namespace pxeproof::cli
