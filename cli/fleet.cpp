#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "cli/arguments.h"
#include "cli/fleet_limit.h"
#include "cli/fleet_options.h"
#include "cli/fleet_report.h"
#include "cli/fleet_run.h"
#include "cli/output_file.h"
#include "cli/verbs.h"
#include "live/private_namespaces.h"

namespace pxeproof::cli {

namespace {

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

// Standard output belongs to a machine-readable report when one was asked for there.
std::FILE* story_stream(const FleetOptions& options) {
  const bool is_taken = options.json == "-" || options.jsonl == "-" || options.html == "-";
  return is_taken ? stderr : stdout;
}

std::string headline(const FleetOptions& options) {
  const std::string against = options.interface.empty()
                                  ? std::string(to_string(options.target.server)) +
                                        (options.target.configuration_file.empty()
                                             ? ""
                                             : ":" + options.target.configuration_file)
                                  : "the servers on " + options.interface;
  const std::string what =
      options.find_limit
          ? fmt::format("the largest load at which {} holds: machines", options.find_limit->text)
          : fmt::format("{} machines", options.clients);
  return fmt::format("{} ({}), arriving {}, against {}, {} time; seed {}\n", what, options.mix_text,
                     options.arrivals_text, against,
                     options.time == FleetOptions::Time::Virtual ? "virtual" : "real",
                     options.seed);
}

// Prints and writes what the run came to.
ExitCode conclude(const FleetOptions& options, const FleetResult& result) {
  fmt::print(story_stream(options), "{}", fleet_report_text(options, result));
  if (options.time == FleetOptions::Time::Virtual && result.harness.wall_seconds > 0) {
    // Not part of the report, which is the same for the same seed.
    fmt::print(stderr, "simulated in {:.1f} s, {:.0f} boots per second\n",
               result.harness.wall_seconds,
               static_cast<double>(result.tally.booted) / result.harness.wall_seconds);
  }
  if (!options.json.empty()) {
    const std::string text = fleet_report_json(options, result) + "\n";
    if (auto written = write_output({"--json", options.json}, text); !written) {
      return report(written.error());
    }
  }
  if (!options.html.empty()) {
    const std::string text = fleet_report_html(options, result) + "\n";
    if (auto written = write_output({"--html", options.html}, text); !written) {
      return report(written.error());
    }
  }
  if (!result.lost_lines.empty()) return report({ExitCode::EnvironmentFailed, result.lost_lines});
  return exit_code(result, judge(options, result));
}

// Loading a network that others use is asked for once more.
Outcome<void> ask_leave(const FleetOptions& options) {
  if (options.sure) return {};
  const std::string question =
      fmt::format("pxeproof fleet: {} machines will ask the servers on {} for addresses and files",
                  options.clients, options.interface);
  if (isatty(STDIN_FILENO) == 0) {
    return wrong_usage(question + "; say --yes if that network may be loaded so");
  }
  fmt::print(stderr, "{}. Go on? [y/N] ", question);
  std::array<char, 16> answer{};
  if (std::fgets(answer.data(), answer.size(), stdin) == nullptr ||
      (answer[0] != 'y' && answer[0] != 'Y')) {
    return wrong_usage("pxeproof fleet: nothing was sent");
  }
  return {};
}

ExitCode run_once(const FleetOptions& options) {
  if (options.time == FleetOptions::Time::Virtual) {
    const auto result = run_virtual_fleet(options, options.clients);
    return result ? conclude(options, *result) : report(result.error());
  }
  if (!options.interface.empty()) {
    if (auto granted = ask_leave(options); !granted) return report(granted.error());
    const auto result = run_fleet_on_interface(options, options.clients);
    return result ? conclude(options, *result) : report(result.error());
  }
  const auto exit = live::run_in_private_namespaces([&] {
    const auto result = run_fleet_in_lab(options, options.clients);
    return static_cast<int>(result ? conclude(options, *result) : report(result.error()));
  });
  if (!exit) return report({ExitCode::EnvironmentFailed, exit.error().message});
  return static_cast<ExitCode>(exit->shell_code());
}

// One trial in namespaces of its own, whose result comes home through a file without a name.
Outcome<FleetTrial> run_trial_in_lab(const FleetOptions& options) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  if (file == nullptr) {
    return environment_failed(
        "a temporary file cannot be made; set TMPDIR to a directory that you may write to");
  }
  const auto exit = live::run_in_private_namespaces([&] {
    const auto result = run_fleet_in_lab(options, options.clients);
    if (!result) return static_cast<int>(report(result.error()));
    const std::string text = to_json(trial_of(options, *result));
    std::fwrite(text.data(), 1, text.size(), file.get());
    std::fflush(file.get());
    return static_cast<int>(ExitCode::AsExpected);
  });
  if (!exit) return environment_failed(exit.error().message);
  if (!exit->is_success()) {
    return fail(Failure{static_cast<ExitCode>(exit->shell_code()), "the trial could not be made"});
  }
  std::string text;
  std::array<char, 4096> piece{};
  std::rewind(file.get());
  while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), size);
  }
  return trial_from_json(text);
}

Outcome<FleetTrial> run_trial(const FleetOptions& options) {
  if (options.time == FleetOptions::Time::Real && options.interface.empty()) {
    return run_trial_in_lab(options);
  }
  const auto result = options.interface.empty() ? run_virtual_fleet(options, options.clients)
                                                : run_fleet_on_interface(options, options.clients);
  if (!result) return fail(result.error());
  return trial_of(options, *result);
}

ExitCode search_limit(const FleetOptions& options) {
  if (!options.interface.empty()) {
    if (auto granted = ask_leave(options); !granted) return report(granted.error());
  }
  const auto limit = find_limit(options, run_trial, [&options](const FleetTrial& trial) {
    fmt::print("{}", trial_text(options, trial));
    std::fflush(stdout);
  });
  if (!limit) return report(limit.error());
  fmt::print("{}", limit_text(options, *limit));
  if (limit->stopped) return ExitCode::TestedThingFailed;
  if (limit->holds_at > 0) return ExitCode::AsExpected;
  const bool own_fault = std::ranges::all_of(
      limit->trials, [](const FleetTrial& trial) { return !trial.own_fault.empty(); });
  return own_fault ? ExitCode::EnvironmentFailed : ExitCode::TestedThingFailed;
}

}  // namespace

ExitCode run_fleet(std::span<const std::string> words) {
  const Syntax syntax{
      .verb = "fleet",
      .purpose =
          "Boots thousands of simulated PXE ROMs at once and says what the servers made of "
          "it.",
      .options = fleet_option_specs(),
      .positionals = {},
      .foreign = ForeignOptions::Refuse,
  };
  const auto arguments = parse_arguments(syntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(syntax));
    return ExitCode::AsExpected;
  }
  const auto options = read_fleet_options(*arguments);
  if (!options) return report(options.error());
  fmt::print(story_stream(*options), "{}", headline(*options));
  std::fflush(stdout);
  return options->find_limit ? search_limit(*options) : run_once(*options);
}

}  // namespace pxeproof::cli
