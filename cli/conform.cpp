#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/conform_fixture.h"
#include "cli/conform_virtual.h"
#include "cli/verbs.h"
#include "conformance/catalogue.h"
#include "live/temporary_directory.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"seed", "N", "for everything random (default 1)"},
};

constexpr Syntax kSyntax{
    .verb = "conform",
    .purpose = "Runs the conformance suite.",
    .options = kOptions,
    .positionals = "[FILTER...]",
    .foreign = ForeignOptions::Refuse,
};

}  // namespace

ExitCode run_conform(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) {
    fmt::print(stderr, "{}\n", arguments.error().message);
    return arguments.error().code;
  }
  auto directory = live::TemporaryDirectory::create("pxeproof-conform-");
  if (!directory) return ExitCode::EnvironmentFailed;
  auto fixture = make_conformance_fixture(directory->path());
  if (!fixture) {
    fmt::print(stderr, "{}\n", fixture.error().message);
    return fixture.error().code;
  }
  std::vector<const conformance::Case*> chosen;
  for (const auto& each : conformance::catalogue()) {
    if (arguments->positionals.empty() || each.id.starts_with(arguments->positionals[0]))
      chosen.push_back(&each);
  }
  int failures = 0;
  for (const auto& instance : conformance::plan_instances(chosen)) {
    const auto ran = run_virtual_instance(
        instance,
        {.seed = 1,
         .fixture = directory->path(),
         .has_foreign_files = *fixture == ForeignFiles::Made},
        [&](const conformance::Case& subject, const conformance::CaseResult& result, const auto&) {
          fmt::print("{:6} {} {} [{}] {} ({:.3f} s)\n", to_string(result.verdict), result.id,
                     subject.slug, result.answer, result.seen, result.seconds);
          if (result.verdict == conformance::Verdict::Fail) ++failures;
        });
    if (!ran) fmt::print(stderr, "{}: {}\n", instance.name, ran.error().message);
  }
  return failures == 0 ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

}  // namespace pxeproof::cli
