#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "cli/arguments.h"
#include "cli/boot_lab.h"
#include "cli/boot_options.h"
#include "cli/boot_report.h"
#include "cli/boot_story.h"
#include "cli/output_file.h"
#include "cli/tree_content.h"
#include "cli/verbs.h"
#include "live/event_loop.h"
#include "live/monotonic_clock.h"
#include "live/packet_port.h"
#include "live/private_namespaces.h"
#include "live/station_runner.h"
#include "live/stop_signals.h"
#include "simclient/rom.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"against", "SERVER",
               "builtin, dnsmasq, CONF (a configuration of yours for builtin) or dnsmasq:CONF"},
    OptionSpec{"fault", "FAULTS",
               "make the builtin server faulty: `pxeproof serve --fault list` shows how"},
    OptionSpec{"interface", "IF", "boot on a real network instead of a private lab"},
    OptionSpec{"as", "PROFILE", "the firmware: a name of `pxeproof profile list` or a file"},
    OptionSpec{"until", "PHASE", "offer, 4011, nbp, config or payload (default)"},
    OptionSpec{"mac", "MAC", "the machine's address"},
    OptionSpec{"uuid", "UUID", "the machine's UUID (none by default)"},
    OptionSpec{"arch", "N", "an architecture other than the profile's"},
    OptionSpec{"menu", "N", "choose line N of the boot menu"},
    OptionSpec{"key", "KEY", "press F8 or esc at the prompt"},
    OptionSpec{"real-waits", "", "keep the waits that put no packet on the wire"},
    OptionSpec{"seed", "N", "for everything random (default 1)"},
    OptionSpec{"save", "FILE", "write a capture"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
};

constexpr Syntax kSyntax{
    .verb = "boot",
    .purpose = "Boots one simulated PXE ROM, from DISCOVER to the last octet of the payload.",
    .options = kOptions,
    .positionals = {},
    .foreign = ForeignOptions::Refuse,
};

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

// What the ROM waited for in the phase that it did not reach.
std::string_view expectation(rom::Phase phase) {
  switch (phase) {
    case rom::Phase::Offer:
      return "an address, and an OFFER with boot information (PXE 2.1 s.2.2.3)";
    case rom::Phase::BootServer:
      return "an answer that names a boot file and its server (PXE 2.1 s.2.2.3)";
    case rom::Phase::Nbp:
      return "the boot file, whole (RFC 1350 s.2)";
    case rom::Phase::Config:
      return "a configuration file for the boot program (facts of its search: docs/boot.md)";
    case rom::Phase::Payload:
      return "every file that the configuration names, whole (RFC 1350 s.2)";
  }
  return {};
}

std::string remark_on(const trace::TransferStep& transfer, const TreeContent& tree) {
  if (transfer.outcome != trace::TransferStep::Outcome::Complete) return {};
  const auto expected = tree.sha256(transfer.filename);
  if (!expected) return {};
  return *expected == transfer.sha256 ? "as in the tree" : "NOT as in the tree";
}

// One boot on an interface where a server answers.
class BootRun {
 public:
  BootRun(const BootOptions& options, const std::string& tree) : options_(options), tree_(tree) {}

  Outcome<ExitCode> run(const std::string& interface, BootLab* lab);

 private:
  Outcome<void> drive(const std::string& interface, rom::Rom& rom, BootStory& story, BootLab* lab);
  void tell_rom_events(rom::Rom& rom) const;
  void tell_server_lines(BootLab* lab) const;
  Outcome<ExitCode> conclude(const rom::Rom& rom, const BootStory& story);

  bool is_told() const { return options_.is_told(); }

  const BootOptions& options_;
  TreeContent tree_;
  bool stopped_ = false;
};

void BootRun::tell_rom_events(rom::Rom& rom) const {
  while (const auto event = rom.poll_event()) {
    const auto* note = std::get_if<rom::ProgramNote>(&event->event);
    if (note != nullptr && options_.verbosity > 0 && is_told()) {
      fmt::print("            [rom] {}\n", note->text);
    }
    const auto* ignored = std::get_if<rom::PacketIgnored>(&event->event);
    if (ignored != nullptr && options_.verbosity > 0 && is_told()) {
      fmt::print("            [rom] ignores a packet from {}: {}\n", to_string(ignored->source),
                 rom::to_string(ignored->reason));
    }
  }
}

void BootRun::tell_server_lines(BootLab* lab) const {
  if (lab == nullptr) return;
  for (const std::string& line : lab->take_server_lines()) {
    if (options_.verbosity > 0 && is_told()) fmt::print("            {}\n", line);
  }
}

Outcome<void> BootRun::drive(const std::string& interface, rom::Rom& rom, BootStory& story,
                             BootLab* lab) {
  auto port = live::PacketPort::open(interface);
  if (!port) return environment_failed(port.error().message);
  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  live::StationRunner runner(*port, &story);
  if (const auto added = loop->add(runner); !added)
    return environment_failed(added.error().message);
  if (const auto added = loop->add(*signals); !added)
    return environment_failed(added.error().message);
  runner.add(rom);
  const auto end = loop->run([&] {
    tell_rom_events(rom);
    tell_server_lines(lab);
    stopped_ = signals->stop().has_value();
    return rom.is_over() || stopped_ || runner.error().has_value();
  });
  if (!end) return environment_failed(end.error().message);
  if (runner.error()) return environment_failed(runner.error()->message);
  tell_server_lines(lab);
  return {};
}

Outcome<ExitCode> BootRun::run(const std::string& interface, BootLab* lab) {
  std::optional<trace::PcapWriter> capture;
  if (!options_.save.empty()) {
    auto created = trace::PcapWriter::create(options_.save);
    if (!created) return wrong_usage("--save: " + created.error().message);
    capture = std::move(*created);
  }
  BootStory story({.client = options_.mac,
                   .verbosity = options_.verbosity,
                   .output = is_told() ? Output::Terminal : Output::Nowhere,
                   .remark = [this](const trace::TransferStep& t) { return remark_on(t, tree_); }},
                  std::move(capture));
  rom::RomOptions machine;
  machine.profile = options_.profile;
  machine.mac = options_.mac;
  machine.guid = options_.guid;
  machine.architecture = options_.architecture;
  machine.seed = options_.seed;
  machine.until = options_.until;
  machine.waits = options_.waits;
  machine.menu = options_.menu;
  machine.expected = &tree_;
  rom::Rom rom(std::move(machine));
  if (auto driven = drive(interface, rom, story, lab); !driven) return fail(driven.error());
  if (auto finished = story.finish(); !finished) return fail(finished.error());
  return conclude(rom, story);
}

Outcome<ExitCode> BootRun::conclude(const rom::Rom& rom, const BootStory& story) {
  BootReport outcome;
  outcome.verb = "boot";
  outcome.server = options_.interface.empty() ? std::string(to_string(options_.target.server))
                                              : options_.interface;
  outcome.firmware = options_.profile->name;
  outcome.mac = to_string(options_.mac);
  outcome.reached = std::string(rom::to_string(options_.until));
  outcome.seed = options_.seed;
  outcome.seconds = to_seconds(story.duration());
  outcome.capture_file = options_.save;
  outcome.again = options_.again();
  if (const rom::Failed* failed = rom.failed()) {
    outcome.failure = BootFailure{std::string(expectation(failed->phase)), failed->reason,
                                  failed->firmware_words};
  } else if (stopped_) {
    outcome.failure = BootFailure{"the boot to end by itself", "it was stopped by a signal", {}};
  } else if (const rom::Booted& booted = *rom.booted(); booted.falls_short_of(options_.until)) {
    outcome.failure = BootFailure{std::string(expectation(options_.until)),
                                  "the machine was told to boot from its own disk",
                                  {}};
  }
  if (!options_.json.empty()) {
    if (auto written = write_report(options_.json, outcome, story.steps()); !written) {
      return fail(written.error());
    }
  }
  if (outcome.failure) {
    fmt::print(is_told() ? stdout : stderr, "NOT BOOTED after {:.3f} s\n{}", outcome.seconds,
               failure_text(outcome));
    return ExitCode::TestedThingFailed;
  }
  if (!is_told()) return ExitCode::AsExpected;
  const rom::Booted& booted = *rom.booted();
  if (options_.until != rom::Phase::Payload) {
    fmt::print("reached {} in {:.3f} s\n", outcome.reached, outcome.seconds);
  } else if (booted.what == rom::Booted::What::LocalDisk) {
    fmt::print("booted in {:.3f} s: handed on to the local disk\n", outcome.seconds);
  } else {
    fmt::print("booted in {:.3f} s: {} runs now{}\n", outcome.seconds, printable(booted.image),
               options_.waits == rom::Waits::Real
                   ? ""
                   : " (waits that put no packet on the wire were skipped: --real-waits)");
  }
  return ExitCode::AsExpected;
}

ExitCode boot_in_lab(const BootOptions& options, const LabConfiguration& configuration) {
  auto lab = BootLab::start(configuration, {.server = options.target.server,
                                            .verbosity = options.verbosity,
                                            .seed = options.seed,
                                            .faults = options.faults});
  if (!lab) return report(lab.error());
  const auto port = lab->add_client_port("client");
  if (!port) return report(port.error());
  if (options.is_told()) {
    const LabPlan& plan = configuration.plan;
    fmt::print("{} {} against {} at {}, {}; addresses from {}; seed {}\n", options.profile->name,
               to_string(options.mac), to_string(options.target.server),
               to_string(plan.boot_server.address), configuration.name,
               plan.address_server ? to_string(plan.address_server->address) : "the same",
               options.seed);
  }
  const auto code = BootRun(options, lab->tree()).run(*port, &*lab);
  return code ? *code : report(code.error());
}

}  // namespace

ExitCode run_boot(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  const auto options = read_boot_options(*arguments);
  if (!options) return report(options.error());
  if (const auto checked =
          check_outputs({{"--json", options->json}, {"--save", options->save}},
                        {{"the configuration", options->target.configuration_file}});
      !checked) {
    return report(checked.error());
  }
  if (!options->interface.empty()) {
    if (options->is_told()) {
      fmt::print("{} {} on {}; seed {}\n", options->profile->name, to_string(options->mac),
                 options->interface, options->seed);
    }
    const auto code = BootRun(*options, "").run(options->interface, nullptr);
    return code ? *code : report(code.error());
  }
  const auto configuration = prepare_lab(
      options->target, options->profile->architecture >= 6 ? ArticleFor::Uefi : ArticleFor::Bios);
  if (!configuration) return report(configuration.error());
  const auto exit = live::run_in_private_namespaces(
      [&] { return static_cast<int>(boot_in_lab(*options, *configuration)); });
  if (!exit) return report({ExitCode::EnvironmentFailed, exit.error().message});
  return static_cast<ExitCode>(exit->shell_code());
}

}  // namespace pxeproof::cli
