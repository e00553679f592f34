#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <string>

#include "cli/arguments.h"
#include "cli/configuration_disk.h"
#include "cli/running_server.h"
#include "cli/verbs.h"
#include "live/entropy.h"
#include "live/stop_signals.h"
#include "server/lint.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"conf-file", "FILE", "dnsmasq's configuration file, unchanged"},
    OptionSpec{"test", "", "read the configuration, say what is wrong with it, and end"},
    OptionSpec{"seed", "N", "for everything random; drawn and printed otherwise"},
    OptionSpec{"mutant", "NAME", "be wrong in one way: `pxeproof conform list mutants`"},
};

constexpr Syntax kSyntax{
    .verb = "serve",
    .purpose =
        "Answers PXE clients: proxyDHCP on 67, boot server on 4011, TFTP on 69. Directives "
        "of dnsmasq may also be given as --key=value.",
    .options = kOptions,
    .positionals = {},
    .foreign = ForeignOptions::Collect,
};

int report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return static_cast<int>(failure.code);
}

void print_line(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// Notes are for who asks: with --test or -v.
void print_warnings(const server::LoadedConfiguration& loaded, int verbosity) {
  for (const server::Diagnostic& warning : loaded.warnings) {
    fmt::print(stderr, "{}\n", server::to_string(warning));
  }
  for (const server::Diagnostic& finding : server::lint(loaded.configuration)) {
    if (finding.severity == server::Diagnostic::Severity::Note && verbosity == 0) continue;
    fmt::print(stderr, "{}\n", server::to_string(finding));
  }
  if (verbosity == 0) return;
  for (const server::Diagnostic& note : loaded.ignored) {
    fmt::print(stderr, "{}\n", server::to_string(note));
  }
}

// Serves until SIGINT or SIGTERM; SIGHUP reads the configuration again.
Outcome<void> serve(const Arguments& arguments, const server::LoadedConfiguration& loaded,
                    std::uint64_t seed) {
  auto signals = live::StopSignals::create();
  if (!signals) return environment_failed(signals.error().message);
  const Mutant* mutant = nullptr;
  if (const auto name = arguments.value("mutant")) {
    mutant = find_mutant(*name);
    if (mutant == nullptr) {
      return wrong_usage(fmt::format(
          "--mutant: no mutant '{}'; `pxeproof conform list mutants` shows all", *name));
    }
  }
  auto running = RunningServer::start(
      loaded.configuration,
      {.log = print_line, .verbosity = arguments.verbosity, .seed = seed, .mutant = mutant});
  if (!running) return fail(running.error());
  for (const std::string& line : (*running)->describe()) print_line(line);
  print_line(fmt::format("serving, seed {}", seed));

  auto loop = live::EventLoop::create();
  if (!loop) return environment_failed(loop.error().message);
  for (live::EventSource* source : {static_cast<live::EventSource*>(&*signals),
                                    static_cast<live::EventSource*>(running->get())}) {
    if (const auto added = loop->add(*source); !added) {
      return environment_failed(added.error().message);
    }
  }
  const auto is_done = [&] {
    if (signals->take_reload()) {
      auto again = load_configuration(arguments.value_or("conf-file", ""), arguments.foreign);
      auto reloaded =
          again ? (*running)->reload(again->configuration) : Outcome<void>(fail(again.error()));
      print_line(reloaded ? std::string("configuration read again")
                          : fmt::format("{}\nthe old configuration stays in force",
                                        reloaded.error().message));
    }
    return signals->stop().has_value();
  };
  const auto end = loop->run(is_done);
  if (!end) return environment_failed(end.error().message);
  print_line("stopped");
  return {};
}

}  // namespace

ExitCode run_serve(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return static_cast<ExitCode>(report(arguments.error()));
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  const std::string file = arguments->value_or("conf-file", "");
  if (file.empty() && arguments->foreign.empty()) {
    return static_cast<ExitCode>(
        report({ExitCode::WrongUsage,
                "pxeproof serve: nothing to serve; give --conf-file FILE or directives such as "
                "--enable-tftp --tftp-root=/srv/tftp"}));
  }
  const auto loaded = load_configuration(file, arguments->foreign);
  if (!loaded) return static_cast<ExitCode>(report(loaded.error()));
  print_warnings(*loaded, arguments->has("test") ? 1 : arguments->verbosity);
  if (arguments->has("test")) {
    fmt::print("configuration read, no error\n");
    return ExitCode::AsExpected;
  }
  std::uint64_t seed = live::draw_seed();
  if (const auto given = arguments->value("seed")) {
    const auto count = parse_count("--seed", *given, 0, ~std::uint64_t{0});
    if (!count) return static_cast<ExitCode>(report(count.error()));
    seed = *count;
  }
  const auto served = serve(*arguments, *loaded, seed);
  if (!served) return static_cast<ExitCode>(report(served.error()));
  return ExitCode::AsExpected;
}

}  // namespace pxeproof::cli
