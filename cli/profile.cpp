#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/article.h"
#include "cli/boot_options.h"
#include "cli/fidelity.h"
#include "cli/recorded_boot.h"
#include "cli/tree_content.h"
#include "cli/verbs.h"
#include "firmware/profile.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"tree", "DIR", "compare: what the recorded server served (default: the article's)"},
    OptionSpec{"seed", "N", "compare: for everything random (default 1)"},
};

constexpr Syntax kSyntax{
    .verb = "profile",
    .purpose =
        "Lists the firmware profiles, shows one with the source of each value, or compares "
        "one with a recorded boot.",
    .options = kOptions,
    .positionals = "list | show NAME | compare PROFILE CAPTURE",
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

// A directory that vanishes with this object.
class TemporaryTree {
 public:
  TemporaryTree() {
    std::string name = std::filesystem::temp_directory_path() / "pxeproof-tree-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;
  ~TemporaryTree() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Outcome<ExitCode> compare(const Arguments& arguments) {
  const std::string& name = arguments.positionals[1];
  const std::string& capture = arguments.positionals[2];
  const auto profile = load_profile(name);
  if (!profile) return fail(profile.error());
  const auto boot = RecordedBoot::read(capture);
  if (!boot) return fail(boot.error());
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, UINT64_MAX);
  if (!seed) return fail(seed.error());
  const TemporaryTree article;
  std::string root = arguments.value_or("tree", "");
  if (root.empty()) {
    if (auto made = make_article_tree(article.path()); !made) return fail(made.error());
    root = article.path();
  }
  const TreeContent tree(root);
  const FidelityReport report =
      compare_with_recording(*boot, {.profile = *profile, .tree = &tree, .seed = *seed});
  fmt::print("{} packets, {} octets and {} waits of {} compared with {}\n", report.packets,
             report.octets, report.gaps, capture, (*profile)->name);
  for (const auto& [field, count] : report.declared) {
    fmt::print("  declared volatile: {}, {} times\n", field, count);
  }
  for (const FidelityDifference& each : report.differences) {
    fmt::print("  packet {} ({}): {}: real {}, simulated {}\n", each.packet, each.kind, each.field,
               each.real, each.simulated);
  }
  if (report.differences.empty()) {
    fmt::print("no difference\n");
    return ExitCode::AsExpected;
  }
  fmt::print(
      "expected  the packets of the capture, octet for octet but for the declared fields\n"
      "seen      {} differences\n"
      "again     pxeproof profile compare {} {} --seed {}\n",
      report.differences.size(), name, capture, *seed);
  return ExitCode::TestedThingFailed;
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
  if (asked[0] == "compare" && asked.size() == 3) {
    const auto code = compare(*arguments);
    if (code) return *code;
    fmt::print(stderr, "{}\n", code.error().message);
    return code.error().code;
  }
  if (asked[0] != "show" || asked.size() != 2) {
    return report(
        "pxeproof profile: write `profile list`, `profile show NAME` or `profile compare PROFILE "
        "CAPTURE`");
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
