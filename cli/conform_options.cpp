#include "cli/conform_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/output_file.h"
#include "conformance/catalogue.h"
#include "conformance/filter.h"
#include "live/text_file.h"
#include "protocol/letter_case.h"

namespace pxeproof::cli {

namespace {

constexpr std::uint64_t kMaximumJobs = 64;
constexpr std::uint64_t kMaximumShards = 1000;

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    if (const auto part = text.substr(0, end); !part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Outcome<void> keep_levels(const std::string& list, std::vector<const conformance::Case*>& cases) {
  using conformance::Level;
  std::vector<std::string> wanted = split(list, ',');
  std::vector<std::string> known;
  for (const Level level :
       {Level::Must, Level::Safe, Level::Should, Level::May, Level::Quirk, Level::Info}) {
    known.push_back(lower_case(to_string(level)));
  }
  for (const std::string& name : wanted) {
    if (std::ranges::find(known, name) == known.end()) {
      return wrong_usage(
          fmt::format("--level: no level '{}'; give must, safe, should, may, quirk or info", name));
    }
  }
  std::erase_if(cases, [&](const conformance::Case* each) {
    const auto place = static_cast<std::size_t>(each->level);
    return std::ranges::find(wanted, known[place]) == wanted.end();
  });
  return {};
}

// Every n-th case, by its place in the catalogue.
Outcome<void> keep_shard(const std::string& text, std::vector<const conformance::Case*>& cases) {
  const auto parts = split(text, '/');
  if (parts.size() != 2) return wrong_usage(fmt::format("--shard: '{}' is not like 1/4", text));
  const auto of = parse_count("--shard", parts[1], 1, kMaximumShards);
  if (!of) return fail(of.error());
  const auto index = parse_count("--shard", parts[0], 1, *of);
  if (!index) return fail(index.error());
  std::vector<const conformance::Case*> kept;
  for (std::size_t at = *index - 1; at < cases.size(); at += *of) kept.push_back(cases[at]);
  cases = std::move(kept);
  return {};
}

// What an option speaks of; it is wrong elsewhere.
struct OptionPlace {
  std::string_view name;
  unsigned works = 0;  // bits
  std::string_view belongs_to;
};

using enum ConformWork;

constexpr unsigned bit(ConformWork work) { return 1U << static_cast<unsigned>(work); }

constexpr unsigned kReplays = bit(Replay) | bit(InterfaceReplay);
constexpr std::array kPlaces = {
    OptionPlace{"replay", kReplays, "a replay, not to --to-case"},
    OptionPlace{"target", bit(Suite) | bit(Replay),
                "the suite, or to --replay without --interface"},
    OptionPlace{"interface", bit(Suite) | kReplays,
                "a remote --target (a TOML file), or to --replay"},
    OptionPlace{"seed", bit(Suite) | kReplays, "the suite, or to --replay"},
    OptionPlace{"json", bit(Suite) | kReplays | bit(List), "the suite, --replay, or list"},
    OptionPlace{"output", bit(Case), "--to-case"},
    OptionPlace{"conf-file", bit(Replay), "--replay without --interface"},
    OptionPlace{"server", bit(InterfaceReplay), "--replay with --interface"},
    OptionPlace{"clients", bit(Suite), "a remote --target (a TOML file)"},
};
constexpr std::array<std::string_view, 13> kOfSuite = {
    "time",  "level",  "strict",   "baseline", "update-baseline", "jobs", "shard", "all",
    "junit", "github", "markdown", "out",      "mutant"};

// Only a remote target is reached over an interface of this machine.
Outcome<void> check_remote(const Arguments& arguments,
                           const std::vector<conformance::TargetFile>& targets) {
  const bool any_remote = std::ranges::any_of(targets, [](const conformance::TargetFile& each) {
    return each.kind == conformance::TargetFile::Kind::Remote;
  });
  for (const char* name : {"interface", "clients"}) {
    if (any_remote || !arguments.has(name)) continue;
    return wrong_usage(
        fmt::format("--{}: belongs to a remote target, and {} runs in a network of its own; give "
                    "--target FILE.toml with kind = \"remote\", or leave it out",
                    name, targets.empty() ? "this one" : targets.front().name));
  }
  return {};
}

// What the run reads and writes, before it takes its time.
Outcome<void> check_files(const ConformOptions& options) {
  std::vector<InputFile> inputs;
  for (const std::string& target : options.target_words) inputs.push_back({"the target", target});
  std::vector<OutputFile> outputs{
      {"--json", options.json}, {"--junit", options.junit}, {"--markdown", options.markdown}};
  if (options.baseline == ConformOptions::Baseline::File) {
    if (options.update_baseline) {
      outputs.push_back({"--baseline", options.baseline_file});
    } else {
      inputs.push_back({"the baseline", options.baseline_file});
    }
    std::error_code ignored;
    const bool is_new =
        options.update_baseline && !std::filesystem::exists(options.baseline_file, ignored);
    if (const auto text = live::read_text_file(options.baseline_file); !text && !is_new) {
      return wrong_usage(
          fmt::format("--baseline: {} cannot be read ({}); name a baseline that exists, none, or "
                      "write it with --update-baseline",
                      options.baseline_file, text.error()));
    }
  }
  if (auto checked = check_outputs(outputs, inputs); !checked) return checked;
  return check_output_directory({"--out", options.run.out});
}

}  // namespace

Outcome<conformance::TargetFile> load_target(const std::string& name_or_file) {
  const bool is_file =
      name_or_file.find('/') != std::string::npos || name_or_file.ends_with(".toml");
  if (!is_file) {
    if (auto target = conformance::builtin_target(name_or_file)) return std::move(*target);
    const auto names = conformance::builtin_target_names();
    const auto suggestion = nearest(name_or_file, names);
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return wrong_usage(fmt::format("--target: no target '{}'; {}there are {}, or give a TOML file",
                                   name_or_file,
                                   suggestion ? "did you mean " + *suggestion + "? " : "", list));
  }
  const auto text = live::read_text_file(name_or_file);
  if (!text) {
    return wrong_usage(fmt::format("--target: {} cannot be read ({}); name a TOML file that exists",
                                   name_or_file, text.error()));
  }
  auto target = conformance::read_target(*text, name_or_file);
  if (!target) return wrong_usage(target.error());
  return std::move(*target);
}

ConformWork conform_work(const Arguments& arguments) {
  const std::string first = arguments.positionals.empty() ? "" : arguments.positionals.front();
  if (first == "list") return List;
  if (first == "mutants" || first == "explain" || first == "fixture" || first == "diff")
    return Other;
  if (arguments.has("to-case")) return Case;
  if (!arguments.has("replay")) return Suite;
  return arguments.has("interface") ? InterfaceReplay : Replay;
}

Outcome<void> check_belonging(const Arguments& arguments) {
  const ConformWork work = conform_work(arguments);
  const auto refuse = [](std::string_view name, std::string_view belongs_to) {
    return wrong_usage(fmt::format("--{}: belongs to {}; here it would be ignored, so leave it out",
                                   name, belongs_to));
  };
  for (const OptionPlace& place : kPlaces) {
    if ((place.works & bit(work)) == 0 && arguments.has(place.name))
      return refuse(place.name, place.belongs_to);
  }
  for (const std::string_view name : kOfSuite) {
    if (work != Suite && arguments.has(name)) return refuse(name, "the suite");
  }
  if (work != Suite && work != List && work != Other && !arguments.positionals.empty()) {
    return wrong_usage(fmt::format(
        "pxeproof conform: '{}' chooses cases of the suite, and a replay has none; leave it out",
        arguments.positionals.front()));
  }
  return {};
}

Outcome<ConformOptions> read_conform_options(const Arguments& arguments) {
  ConformOptions options;
  options.filter = arguments.positionals;
  const auto filter = conformance::Filter::parse(options.filter);
  if (!filter) {
    return wrong_usage(
        fmt::format("pxeproof conform: '{}' is no group, id, slug, clause, level= or quirk= of "
                    "this suite; `pxeproof conform list` shows all cases",
                    filter.error()));
  }
  options.cases = conformance::choose(*filter);
  if (const auto levels = arguments.value("level")) {
    if (auto kept = keep_levels(*levels, options.cases); !kept) return fail(kept.error());
  }
  if (const auto shard = arguments.value("shard")) {
    if (auto kept = keep_shard(*shard, options.cases); !kept) return fail(kept.error());
  }
  for (const std::string& name : split(arguments.value_or("target", "builtin"), ',')) {
    auto target = load_target(name);
    if (!target) return fail(target.error());
    options.targets.push_back(std::move(*target));
    options.target_words.push_back(name);
  }
  if (options.targets.empty()) {
    return wrong_usage(
        "--target: names no server; give builtin, dnsmasq, tftpd-hpa, atftpd or a TOML file");
  }
  if (auto checked = check_remote(arguments, options.targets); !checked) {
    return fail(checked.error());
  }
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, ~std::uint64_t{0});
  if (!seed) return fail(seed.error());
  options.run.seed = *seed;
  const auto jobs = parse_count("--jobs", arguments.value_or("jobs", "6"), 1, kMaximumJobs);
  if (!jobs) return fail(jobs.error());
  options.run.jobs = *jobs;
  if (const auto time = arguments.value("time")) {
    if (*time != "virtual" && *time != "real") {
      return wrong_usage(fmt::format("--time: '{}' is neither virtual nor real", *time));
    }
    options.run.time =
        *time == "virtual" ? ConformRunOptions::Time::Virtual : ConformRunOptions::Time::Real;
  }
  options.run.out = arguments.value_or("out", "");
  options.run.interface = arguments.value_or("interface", "");
  options.run.clients = arguments.value_or("clients", "");
  options.run.verbosity = arguments.verbosity;
  options.strict = arguments.has("strict");
  options.update_baseline = arguments.has("update-baseline");
  options.show_all = arguments.has("all");
  options.github = arguments.has("github") || std::getenv("GITHUB_ACTIONS") != nullptr;
  options.json = arguments.value_or("json", "");
  options.junit = arguments.value_or("junit", "");
  options.markdown = arguments.value_or("markdown", "");
  if (const auto name = arguments.value("mutant")) {
    options.run.mutant = find_mutant(*name);
    if (options.run.mutant == nullptr) {
      std::vector<std::string> names;
      for (const Mutant& each : mutants()) names.emplace_back(each.name);
      const auto suggestion = nearest(*name, names);
      return wrong_usage(fmt::format("--mutant: no mutant '{}'{}", *name,
                                     suggestion ? "; did you mean " + *suggestion + "?"
                                                : "; `pxeproof conform list mutants` shows all"));
    }
  }
  for (const conformance::TargetFile& target : options.targets) {
    if (options.run.mutant == nullptr || target.kind == conformance::TargetFile::Kind::Builtin)
      continue;
    return wrong_usage(
        fmt::format("--mutant: only the builtin server can be one, not {}", target.name));
  }
  if (const auto baseline = arguments.value("baseline")) {
    options.baseline =
        *baseline == "none" ? ConformOptions::Baseline::None : ConformOptions::Baseline::File;
    options.baseline_file = *baseline;
  }
  if (auto checked = check_files(options); !checked) return fail(checked.error());
  return options;
}

}  // namespace pxeproof::cli
