#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "cli/arguments.h"
#include "cli/conform_fixture.h"
#include "cli/conform_mutants.h"
#include "cli/conform_options.h"
#include "cli/conform_replay.h"
#include "cli/conform_run.h"
#include "cli/conform_virtual.h"
#include "cli/output_file.h"
#include "cli/verbs.h"
#include "conformance/baseline.h"
#include "conformance/catalogue.h"
#include "conformance/filter.h"
#include "conformance/fixture.h"
#include "conformance/report_ci.h"
#include "conformance/report_html.h"
#include "conformance/report_json.h"
#include "conformance/report_text.h"
#include "conformance/variant.h"
#include "live/text_file.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"target", "T[,T]", "builtin (default), dnsmasq, tftpd-hpa, atftpd, or a TOML file"},
    OptionSpec{"time", "WHICH", "virtual or real; builtin runs in virtual time unless told"},
    OptionSpec{"interface", "IF", "where a remote target is, or with --replay the server"},
    OptionSpec{"clients", "ADDRESS", "the first of four free addresses there"},
    OptionSpec{"level", "L[,L]", "only must, safe, should, may, quirk or info"},
    OptionSpec{"strict", "", "what is allowed but not preferred (pass~) fails too"},
    OptionSpec{"baseline", "FILE", "what is known to fail; none: nothing is (default: shipped)"},
    OptionSpec{"update-baseline", "", "write the failures of this run to the baseline"},
    OptionSpec{"jobs", "N", "instances of the server at once, in real time (default 6)", "j"},
    OptionSpec{"shard", "I/N", "only every N-th case, for machines that share the work"},
    OptionSpec{"seed", "N", "for everything random (default 1)"},
    OptionSpec{"all", "", "print every failure in full"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
    OptionSpec{"junit", "FILE", "write JUnit XML"},
    OptionSpec{"github", "", "annotations and step summary (on by itself in GitHub Actions)"},
    OptionSpec{"markdown", "FILE", "write the matrix as a Markdown table"},
    OptionSpec{"out", "DIR", "keep reports, an HTML matrix and a capture of each case"},
    OptionSpec{"mutant", "NAME", "make the builtin server wrong in one way; list: list mutants"},
    OptionSpec{"replay", "PATH",
               "hold recorded boots again instead: captures or cases, or a directory"},
    OptionSpec{"to-case", "FILE", "write a capture's conversation as a case to edit and to replay"},
    OptionSpec{"output", "FILE", "with --to-case: where to write; - for standard output (default)"},
    OptionSpec{"conf-file", "FILE", "with --replay: the server's configuration (else derived)"},
    OptionSpec{"server", "ADDRESS", "with --replay --interface: the server, if not the recorded"},
};

constexpr Syntax kSyntax{
    .verb = "conform",
    .purpose =
        "Runs the conformance suite. Also: conform list [FILTER...], conform explain CASE, "
        "conform diff OLD.json NEW.json.",
    .options = kOptions,
    .positionals = "[FILTER...]",
    .foreign = ForeignOptions::Refuse,
};

ExitCode report(const Failure& failure) {
  fmt::print(stderr, "{}\n", failure.message);
  return failure.code;
}

Outcome<std::string> read_text(const std::string& file) {
  auto text = live::read_text_file(file);
  if (!text) {
    return wrong_usage(
        fmt::format("{}: cannot be read ({}); name a file that exists", file, text.error()));
  }
  return std::move(*text);
}

ExitCode list_cases(const std::vector<std::string>& words, bool as_json) {
  const auto filter = conformance::Filter::parse(words);
  if (!filter) {
    return report(
        {ExitCode::WrongUsage, fmt::format("conform list: '{}' matches no case", filter.error())});
  }
  const auto cases = conformance::choose(*filter);
  if (as_json) {
    fmt::print("{}", conformance::write_case_list(cases));
    return ExitCode::AsExpected;
  }
  for (const conformance::Case* each : cases) {
    fmt::print("{:<9} {:<24} {:<6} {}\n", each->id, each->slug, to_string(each->level),
               each->clause);
  }
  fmt::print("{} cases, suite {}\n", cases.size(), conformance::kSuite);
  return cases.empty() ? ExitCode::NothingTested : ExitCode::AsExpected;
}

ExitCode list_mutants() {
  for (const Mutant& mutant : mutants()) {
    std::string cases;
    for (const std::string_view id : mutant.killed_by) {
      cases += (cases.empty() ? "" : " ");
      cases += id;
    }
    fmt::print("{:<26} {} ({})\n", mutant.name, mutant.what, cases);
  }
  fmt::print("{} mutants\n", mutants().size());
  return ExitCode::AsExpected;
}

ExitCode explain(const std::vector<std::string>& names) {
  if (names.empty()) {
    return report({ExitCode::WrongUsage, "conform explain: name a case, such as TOPT-11"});
  }
  for (const std::string& name : names) {
    const conformance::Case* subject = conformance::find_case(name);
    if (subject == nullptr) {
      std::vector<std::string> ids;
      for (const auto& each : conformance::catalogue()) ids.emplace_back(each.id);
      const auto suggestion = nearest(name, ids);
      return report(
          {ExitCode::WrongUsage, fmt::format("conform explain: no case '{}'{}", name,
                                             suggestion ? "; did you mean " + *suggestion + "?"
                                                        : "; `pxeproof conform list` shows all")});
    }
    fmt::print("{}", conformance::explain_case(*subject));
  }
  return ExitCode::AsExpected;
}

// Writes the tree and the configuration that the suite wants served, for a remote target.
ExitCode write_fixture(const std::vector<std::string>& words) {
  if (words.size() != 1) {
    return report({ExitCode::WrongUsage, "conform fixture: name a directory to make"});
  }
  std::error_code failed;
  std::filesystem::create_directories(words[0], failed);
  const std::filesystem::path directory = std::filesystem::absolute(words[0]);
  if (const auto made = make_conformance_fixture(directory); !made) return report(made.error());
  conformance::Setting setting = conformance_setting(1);
  setting.root = (directory / conformance::kFixtureRoot).string();
  const std::string text = conformance::configuration_text(*conformance::find_variant(""), setting);
  const auto written =
      write_output({"conform fixture", (directory / "dnsmasq.conf").string()}, text);
  if (!written) return report(written.error());
  fmt::print("serve {}; dnsmasq.conf beside it has the standard configuration (set its networks)\n",
             setting.root);
  return ExitCode::AsExpected;
}

ExitCode diff_reports(const std::vector<std::string>& files) {
  if (files.size() != 2) {
    return report({ExitCode::WrongUsage, "conform diff: give two reports, OLD.json NEW.json"});
  }
  std::vector<conformance::Run> runs;
  for (const std::string& file : files) {
    const auto text = read_text(file);
    if (!text) return report(text.error());
    auto run = conformance::read_json(*text);
    if (!run) return report({ExitCode::WrongUsage, fmt::format("{}: {}", file, run.error())});
    runs.push_back(std::move(*run));
  }
  const auto changes = conformance::compare(runs[0], runs[1]);
  std::size_t worse = 0;
  for (const conformance::Change& change : changes) {
    const bool is_worse = change.kind == conformance::Change::Kind::Worse;
    worse += is_worse ? 1 : 0;
    fmt::print("{} {}\n",
               is_worse                                           ? "worse "
               : change.kind == conformance::Change::Kind::Better ? "better"
                                                                  : "other ",
               change.text);
  }
  fmt::print("{} changes, {} of them for the worse\n", changes.size(), worse);
  return worse == 0 ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

// The baseline for a target, if there is one.
Outcome<std::optional<conformance::Baseline>> baseline_for(
    const ConformOptions& options, const conformance::TargetResult& result) {
  std::optional<conformance::Baseline> none;
  if (options.baseline == ConformOptions::Baseline::None) return none;
  if (options.baseline == ConformOptions::Baseline::Shipped) {
    return conformance::builtin_baseline(result.target, result.version);
  }
  std::ifstream file(options.baseline_file);
  if (!file && options.update_baseline) return none;
  const auto text = read_text(options.baseline_file);
  if (!text) return fail(text.error());
  auto baseline = conformance::read_baseline(*text, options.baseline_file);
  if (!baseline) return wrong_usage(baseline.error());
  if (!baseline->is_for(result.target, result.version)) {
    if (options.targets.size() == 1) {
      return wrong_usage(fmt::format("{}: is for {} {}, not for {} {}", options.baseline_file,
                                     baseline->target,
                                     baseline->versions.empty() ? "" : baseline->versions.front(),
                                     result.target, result.version));
    }
    return none;
  }
  return std::optional(std::move(*baseline));
}

Outcome<void> judge(const ConformOptions& options, conformance::TargetResult& result) {
  const auto baseline = baseline_for(options, result);
  if (!baseline) return fail(baseline.error());
  if (*baseline) conformance::apply_baseline(**baseline, result);
  if (options.update_baseline) {
    const std::string file = options.baseline == ConformOptions::Baseline::File
                                 ? options.baseline_file
                                 : fmt::format("{}-{}.toml", result.target, result.version);
    const std::string text = conformance::write_baseline(result, *baseline ? &**baseline : nullptr);
    if (auto written = write_output({"--baseline", file}, text); !written) return written;
    fmt::print("baseline written to {}\n", file);
  }
  if (!options.strict) return {};
  for (conformance::CaseResult& each : result.cases) {
    const conformance::Case* subject = conformance::find_case(each.id);
    if (each.verdict != conformance::Verdict::Loose || subject == nullptr ||
        subject->level == conformance::Level::Info)
      continue;
    each.verdict = conformance::Verdict::Fail;
    each.seen = each.answer + " (not preferred, and --strict is given)";
  }
  return {};
}

// Who asks for the baseline to be written accepts what was seen: only errors are left to fail on.
ExitCode exit_code(const conformance::Run& run, bool updates_baseline) {
  bool any_tested = false;
  bool any_error = false;
  for (const conformance::TargetResult& target : run.targets) {
    const auto counts = conformance::count(target.cases);
    if (!updates_baseline && counts.fail + counts.unexpected_pass > 0)
      return ExitCode::TestedThingFailed;
    any_tested = any_tested || counts.tested() > 0;
    any_error = any_error || counts.error > 0;
  }
  if (any_error) return ExitCode::EnvironmentFailed;
  return any_tested ? ExitCode::AsExpected : ExitCode::NothingTested;
}

void print_target(const ConformOptions& options, const conformance::TargetResult& result) {
  fmt::print(
      "pxeproof {}   suite {}: {} cases   target {} {}   {} time, seed {}   baseline: {}\n\n",
      PXEPROOF_VERSION, conformance::kSuite, options.cases.size(), result.target, result.version,
      result.time, options.run.seed, result.baseline.empty() ? "none" : result.baseline);
  fmt::print("{}", conformance::group_table(result));
  fmt::print(
      "{}", conformance::failure_blocks(result, options.show_all ? conformance::Detail::All
                                                                 : conformance::Detail::OneScreen));
  for (const std::string& note : result.notes) fmt::print("note: {}\n", note);
  fmt::print("\n{}", conformance::totals(result));
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-+:=@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(word);
  std::string text = "'";
  for (const char letter : word) text += letter == '\'' ? "'\\''" : std::string(1, letter);
  return text + "'";
}

// What a run of one case has to be told to see the same; to be pasted into a shell.
std::string repeated_by(const ConformOptions& options, const std::string& target) {
  std::string words = "--target " + shell_word(target);
  if (options.run.seed != 1) words += fmt::format(" --seed {}", options.run.seed);
  if (options.run.time == ConformRunOptions::Time::Real) words += " --time real";
  if (options.run.mutant != nullptr) words += fmt::format(" --mutant {}", options.run.mutant->name);
  if (options.baseline != ConformOptions::Baseline::Shipped)
    words += " --baseline " + shell_word(options.baseline_file);
  if (options.strict) words += " --strict";
  if (!options.run.interface.empty()) words += " --interface " + shell_word(options.run.interface);
  if (!options.run.clients.empty()) words += " --clients " + shell_word(options.run.clients);
  return words + " -v";
}

Outcome<conformance::Run> run_all(ConformOptions& options) {
  conformance::Run run;
  run.seed = options.run.seed;
  const bool told = options.json != "-";
  for (const conformance::TargetFile& target : options.targets) {
    if (told && isatty(STDERR_FILENO) != 0) {
      options.run.progress = [&target](std::size_t done, std::size_t all) {
        fmt::print(stderr, "\r  {} {}/{} \033[K", target.name, done, all);
        std::fflush(stderr);
      };
    }
    auto result = run_target(target, options.cases, options.run);
    if (options.run.progress) fmt::print(stderr, "\r\033[K");
    if (!result) return fail(result.error());
    if (auto judged = judge(options, *result); !judged) return fail(judged.error());
    result->repeated_by = repeated_by(options, options.target_words[run.targets.size()]);
    if (told) {
      print_target(options, *result);
      fmt::print("\n");
    }
    run.targets.push_back(std::move(*result));
  }
  return run;
}

// Everything that was asked for in files.
Outcome<void> write_reports(const ConformOptions& options, const conformance::Run& run) {
  const std::string json = conformance::write_json(run, PXEPROOF_VERSION);
  const std::string junit = conformance::write_junit(run);
  std::vector<std::pair<OutputFile, std::string>> files{
      {{"--json", options.json}, json},
      {{"--junit", options.junit}, junit},
      {{"--markdown", options.markdown}, conformance::write_markdown_matrix(run)}};
  if (!options.run.out.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(options.run.out, failed);
    const std::string directory = options.run.out + "/";
    files.push_back({{"--out", directory + "results.json"}, json});
    files.push_back({{"--out", directory + "conform.xml"}, junit});
    files.push_back(
        {{"--out", directory + "index.html"}, conformance::write_html(run, PXEPROOF_VERSION)});
  }
  for (const auto& [output, text] : files) {
    if (auto written = write_output(output, text); !written) return written;
  }
  if (!options.github) return {};
  fmt::print("{}", conformance::github_annotations(run));
  if (const char* summary = std::getenv("GITHUB_STEP_SUMMARY")) {
    std::ofstream(summary, std::ios::app) << conformance::github_summary(run);
  }
  return {};
}

}  // namespace

ExitCode run_conform(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error());
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  if (const auto checked = check_belonging(*arguments); !checked) return report(checked.error());
  if (!arguments->positionals.empty()) {
    const std::string& first = arguments->positionals.front();
    const std::vector<std::string> rest(arguments->positionals.begin() + 1,
                                        arguments->positionals.end());
    if (first == "mutants") {
      const auto code = run_mutant_matrix(rest);
      return code ? *code : report(code.error());
    }
    if (first == "list" && rest == std::vector<std::string>{"mutants"}) return list_mutants();
    if (first == "list") return list_cases(rest, arguments->has("json"));
    if (first == "explain") return explain(rest);
    if (first == "fixture") return write_fixture(rest);
    if (first == "diff") return diff_reports(rest);
  }
  if (arguments->has("to-case")) return run_to_case(*arguments);
  if (arguments->has("replay")) return run_replay(*arguments);
  auto options = read_conform_options(*arguments);
  if (!options) return report(options.error());
  if (options->cases.empty()) {
    fmt::print(stderr, "pxeproof conform: no case is left to run; nothing was tested\n");
    return ExitCode::NothingTested;
  }
  const auto run = run_all(*options);
  if (!run) return report(run.error());
  if (const auto written = write_reports(*options, *run); !written) {
    return report(written.error());
  }
  if (options->json != "-") {
    if (run->targets.size() > 1) fmt::print("{}\n", conformance::matrix(*run));
    fmt::print("{}\n", conformance::kClaimBoundary);
  }
  return exit_code(*run, options->update_baseline);
}

}  // namespace pxeproof::cli
