#include <fmt/format.h>

#include <array>

#include "cli/arguments.h"
#include "cli/verbs.h"
#include "firmware/profile.h"

namespace pxeproof::cli {

namespace {

constexpr Syntax kSyntax{
    .verb = "profile",
    .purpose = "Lists the firmware profiles, or shows one with the source of each value.",
    .options = {},
    .positionals = "list | show NAME",
    .foreign = ForeignOptions::Refuse,
};

ExitCode report(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return ExitCode::WrongUsage;
}

ExitCode list() {
  for (const std::string_view name : firmware::builtin_profile_names()) {
    const auto profile = firmware::builtin_profile(name);
    if (profile) fmt::print("{:<14} {}\n", name, (*profile)->title);
  }
  return ExitCode::AsExpected;
}

}  // namespace

ExitCode run_profile(std::span<const std::string> words) {
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error().message);
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  const std::vector<std::string>& asked = arguments->positionals;
  if (asked.empty() || (asked[0] == "list" && asked.size() == 1)) return list();
  if (asked[0] != "show" || asked.size() != 2) {
    return report("pxeproof profile: write `profile list` or `profile show NAME`");
  }
  const auto text = firmware::builtin_profile_text(asked[1]);
  if (!text) {
    const auto unknown = firmware::builtin_profile(asked[1]);
    return report(unknown ? "pxeproof profile: no such profile" : unknown.error().message);
  }
  fmt::print("{}", *text);
  return ExitCode::AsExpected;
}

}  // namespace pxeproof::cli
