#include "cli/conform_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "conformance/catalogue.h"
#include "conformance/filter.h"

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
    std::string name(to_string(level));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    known.push_back(name);
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

Outcome<std::string> one_of(const Arguments& arguments, const std::string& option,
                            const std::string& fallback, std::initializer_list<const char*> all) {
  const std::string value = arguments.value_or(option, fallback);
  for (const char* each : all) {
    if (value == each) return value;
  }
  std::string names;
  for (const char* each : all) names += (names.empty() ? "" : " or ") + std::string(each);
  return wrong_usage(fmt::format("--{}: '{}' is neither; give {}", option, value, names));
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
  std::ifstream file(name_or_file);
  if (!file) return wrong_usage(fmt::format("--target: {} cannot be read", name_or_file));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto target = conformance::read_target(text, name_or_file);
  if (!target) return wrong_usage(target.error());
  return std::move(*target);
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
  const auto seed = parse_count("--seed", arguments.value_or("seed", "1"), 0, ~std::uint64_t{0});
  if (!seed) return fail(seed.error());
  options.run.seed = *seed;
  const auto jobs = parse_count("--jobs", arguments.value_or("jobs", "6"), 1, kMaximumJobs);
  if (!jobs) return fail(jobs.error());
  options.run.jobs = *jobs;
  const auto time = one_of(arguments, "time", "fitting", {"fitting", "virtual", "real"});
  if (!time) return fail(time.error());
  if (*time == "virtual") options.run.time = ConformRunOptions::Time::Virtual;
  if (*time == "real") options.run.time = ConformRunOptions::Time::Real;
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
  return options;
}

}  // namespace pxeproof::cli
