#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/arguments.h"
#include "cli/article.h"
#include "cli/boot_options.h"
#include "cli/fidelity.h"
#include "cli/learned_profile.h"
#include "cli/output_file.h"
#include "cli/recorded_boot.h"
#include "cli/tree_content.h"
#include "cli/verbs.h"
#include "firmware/profile.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions = {
    OptionSpec{"output", "FILE",
               "learn: where the profile goes (default: standard output); -o too"},
    OptionSpec{"mac", "MAC", "learn, compare: the machine, where several boot in the capture"},
    OptionSpec{"boot", "N", "learn, compare: which, where the machine boots several times (1)"},
    OptionSpec{"from", "NAME", "learn: the built-in profile to start from (default: the nearest)"},
    OptionSpec{"tree", "DIR",
               "learn, compare: what the recorded server served (default: the article's)"},
    OptionSpec{"ignore", "timing",
               "compare: order and octets only, for a recording of a busy host"},
    OptionSpec{"seed", "N", "learn, compare: for everything random (default 1)"},
};

constexpr Syntax kSyntax{
    .verb = "profile",
    .purpose =
        "Lists the firmware profiles, shows one with the source of each value, compares one with "
        "a recorded boot, or learns one from it.",
    .options = kOptions,
    .positionals = "list | show NAME | compare PROFILE CAPTURE | learn CAPTURE",
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

// The machine of --mac, or nullopt.
Outcome<std::optional<MacAddress>> machine_of(const Arguments& arguments) {
  const auto text = arguments.value("mac");
  if (!text) return std::nullopt;
  const auto mac = MacAddress::parse(*text);
  if (!mac) {
    return wrong_usage(
        fmt::format("--mac {}: no hardware address; write it as 52:54:00:12:34:56", *text));
  }
  return mac;
}

// The one machine whose boot is meant, or why that is not clear.
Outcome<MacAddress> choose_machine(const std::string& capture, std::optional<MacAddress> asked) {
  const auto survey = survey_capture(capture);
  if (!survey) return fail(survey.error());
  if (asked) return *asked;
  if (survey->machines.size() == 1) return survey->machines.front();
  if (survey->machines.size() > 1) {
    std::string names;
    for (const MacAddress& mac : survey->machines) names += "\n  --mac " + to_string(mac);
    return wrong_usage(fmt::format("{}: {} machines boot in it; which one is meant? Give one of{}",
                                   capture, survey->machines.size(), names));
  }
  if (survey->cut_request != 0) {
    return wrong_usage(fmt::format(
        "{}:packet {}: cut to {} of {} octets, and no whole DHCPDISCOVER in the file: options, "
        "their order, sizes, flags and waits stay unknown; record full packets (tcpdump -s 0)",
        capture, survey->cut_request, survey->cut_request_size, survey->cut_request_wire_size));
  }
  if (survey->replies > 0) {
    return wrong_usage(fmt::format(
        "{}: {} answers of servers and no DHCPDISCOVER; record where the machine's own packets "
        "pass, from before it is switched on",
        capture, survey->replies));
  }
  return wrong_usage(fmt::format(
      "{}: {} frames and no DHCPDISCOVER in them; record from before the machine is switched on",
      capture, survey->frames));
}

// Where the verb's report goes when the profile itself goes to standard output.
void tell(std::FILE* out, const LearnedProfile& learned, const std::string& name) {
  fmt::print(out, "{}: rests on {}; {}\n", name, learned.base, learned.why_base);
  fmt::print(out, "  {} values seen in packets, each with their numbers in the file\n",
             learned.seen);
  for (const std::string& row : learned.tried) {
    fmt::print(out, "  found by replaying the boot: {}\n", row);
  }
  fmt::print(out, "  {} values taken from {}, listed at the end of the file\n", learned.taken,
             learned.base);
  for (const std::string& each : learned.unseen) {
    fmt::print(out, "  not seen in this boot: {}\n", each);
  }
  for (const FidelityDifference& each : learned.check.differences) {
    fmt::print(out, "  still different: packet {} ({}): {}: real {}, simulated {}\n", each.packet,
               each.kind, each.field, each.real, each.simulated);
  }
  if (learned.check.differences.empty()) {
    fmt::print(out, "  sure of this boot: its twin sends the same {} packets, {} octets\n",
               learned.check.packets, learned.check.octets);
  }
}

// The boot that --boot asks for, the first one by itself; says when there are others.
Outcome<RecordedBoot> boot_of(const Arguments& arguments, const std::string& capture,
                              std::optional<MacAddress> machine) {
  const auto number = parse_count("--boot", arguments.value_or("boot", "1"), 1, 1'000'000);
  if (!number) return fail(number.error());
  auto boot = RecordedBoot::read(capture, machine, *number);
  if (boot && boot->boots_in_file > 1) {
    fmt::print(stderr, "{}: {} boots {} times in it; this is number {}, --boot N chooses\n",
               capture, to_string(boot->client), boot->boots_in_file, *number);
  }
  return boot;
}

// A directory with the recorded server's files: the user's, or the article's in a place of its own,
// which goes with own.
Outcome<std::string> tree_of(const Arguments& arguments,
                             std::optional<live::TemporaryDirectory>& own) {
  std::string root = arguments.value_or("tree", "");
  if (!root.empty()) return root;
  auto made = make_article_directory();
  if (!made) return fail(made.error());
  own.emplace(std::move(*made));
  return own->path().string();
}

Outcome<ExitCode> learn(const Arguments& arguments) {
  const std::string& capture = arguments.positionals[1];
  if (capture == "-") {
    return wrong_usage("profile learn: the capture is read twice; name a file instead of -");
  }
  const std::string output = arguments.value_or("output", "");
  if (auto checked = check_outputs({{"--output", output}}, {{"the capture", capture}}); !checked) {
    return fail(checked.error());
  }
  const auto asked = machine_of(arguments);
  if (!asked) return fail(asked.error());
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, UINT64_MAX);
  if (!seed) return fail(seed.error());
  const auto machine = choose_machine(capture, *asked);
  if (!machine) return fail(machine.error());
  const auto boot = boot_of(arguments, capture, *machine);
  if (!boot) return fail(boot.error());
  std::optional<live::TemporaryDirectory> own;
  const auto root = tree_of(arguments, own);
  if (!root) return fail(root.error());
  const TreeContent tree(*root);
  const std::string name =
      output.empty() ? "learned" : std::filesystem::path(output).stem().string();
  const auto learned =
      learn_profile(*boot, {.tree = &tree,
                            .name = name,
                            .capture = std::filesystem::path(capture).filename().string(),
                            .start_from = arguments.value_or("from", ""),
                            .seed = *seed});
  if (!learned) return fail(learned.error());
  const OutputFile written_to{"--output", output.empty() ? "-" : output};
  if (auto written = write_output(written_to, learned->text); !written) {
    return fail(written.error());
  }
  tell(output.empty() ? stderr : stdout, *learned, output.empty() ? name : output);
  return learned->check.differences.empty() ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

Outcome<ExitCode> compare(const Arguments& arguments) {
  const std::string& name = arguments.positionals[1];
  const std::string& capture = arguments.positionals[2];
  const auto profile = load_profile("profile compare", name);
  if (!profile) return fail(profile.error());
  const auto machine = machine_of(arguments);
  if (!machine) return fail(machine.error());
  const auto boot = boot_of(arguments, capture, *machine);
  if (!boot) return fail(boot.error());
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, UINT64_MAX);
  if (!seed) return fail(seed.error());
  const std::string ignored = arguments.value_or("ignore", "");
  if (!ignored.empty() && ignored != "timing") {
    return wrong_usage(fmt::format("--ignore {}: only timing can be left out", ignored));
  }
  using Waits = FidelityOptions::Waits;
  std::optional<live::TemporaryDirectory> article;
  const auto root = tree_of(arguments, article);
  if (!root) return fail(root.error());
  const TreeContent tree(*root);
  const FidelityReport report =
      compare_with_recording(*boot, {.profile = *profile,
                                     .tree = &tree,
                                     .seed = *seed,
                                     .waits = ignored.empty() ? Waits::Compared : Waits::Ignored});
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
      "again     pxeproof profile compare {} {} --seed {}{}\n",
      report.differences.size(), name, capture, *seed, ignored.empty() ? "" : " --ignore timing");
  return ExitCode::TestedThingFailed;
}

// What each verb heeds; an option that it does not know must not seem to be heeded.
struct VerbOptions {
  std::string_view verb;
  std::vector<std::string_view> names;
};

Outcome<void> check_belonging(const Arguments& arguments, std::string_view verb) {
  const std::array<VerbOptions, 4> verbs{
      VerbOptions{"list", {}}, VerbOptions{"show", {}},
      VerbOptions{"compare", {"mac", "boot", "tree", "ignore", "seed"}},
      VerbOptions{"learn", {"output", "mac", "boot", "from", "tree", "seed"}}};
  const auto row = std::ranges::find(verbs, verb, &VerbOptions::verb);
  if (row == verbs.end()) return {};
  for (const OptionSpec& spec : kOptions) {
    const bool fits = std::ranges::find(row->names, spec.name) != row->names.end();
    if (fits || !arguments.has(spec.name)) continue;
    return wrong_usage(
        fmt::format("profile {}: --{} says nothing here; leave it out "
                    "(pxeproof profile --help says where it belongs)",
                    verb, spec.name));
  }
  std::error_code ignored;
  const auto tree = arguments.value("tree");
  if (tree && !std::filesystem::is_directory(*tree, ignored)) {
    return wrong_usage(
        fmt::format("--tree: {} is no directory; name the one that was served", *tree));
  }
  return {};
}

}  // namespace

ExitCode run_profile(std::span<const std::string> given) {
  // -o FILE, as other tools that write a file have it.
  std::vector<std::string> words(given.begin(), given.end());
  std::replace(words.begin(), words.end(), std::string("-o"), std::string("--output"));
  const auto arguments = parse_arguments(kSyntax, words);
  if (!arguments) return report(arguments.error().message);
  if (arguments->help == Arguments::Help::Asked) {
    fmt::print("{}", help_text(kSyntax));
    return ExitCode::AsExpected;
  }
  const std::vector<std::string>& asked = arguments->positionals;
  const std::string_view verb = asked.empty() ? std::string_view("list") : asked.front();
  if (const auto checked = check_belonging(*arguments, verb); !checked) {
    return report(checked.error().message);
  }
  if (asked.empty() || (asked[0] == "list" && asked.size() == 1)) return list();
  const bool learns = asked[0] == "learn" && asked.size() == 2;
  if (learns || (asked[0] == "compare" && asked.size() == 3)) {
    const auto code = learns ? learn(*arguments) : compare(*arguments);
    if (code) return *code;
    fmt::print(stderr, "{}\n", code.error().message);
    return code.error().code;
  }
  if (asked[0] != "show" || asked.size() != 2) {
    return report(
        "pxeproof profile: write `profile list`, `profile show NAME`, `profile compare PROFILE "
        "CAPTURE` or `profile learn CAPTURE`");
  }
  const auto text = firmware::builtin_profile_text(asked[1]);
  if (!text) {
    return report(
        fmt::format("profile show: there is no built-in profile '{}', and a file shows itself; "
                    "give one of {}",
                    asked[1], fmt::join(firmware::builtin_profile_names(), ", ")));
  }
  fmt::print("{}", *text);
  return ExitCode::AsExpected;
}

}  // namespace pxeproof::cli
