#include "cli/conform_mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/conform_run.h"
#include "conformance/catalogue.h"
#include "conformance/target_file.h"

namespace pxeproof::cli {

namespace {

using conformance::Case;

// The heavy cases run against the mutants that they are to notice, the light ones against all.
std::vector<const Case*> cases_for(const Mutant& mutant) {
  std::vector<const Case*> cases;
  for (const Case& each : conformance::catalogue()) {
    const bool listed = std::ranges::find(mutant.killed_by, each.id) != mutant.killed_by.end();
    if (listed || each.weight == conformance::Weight::Light) cases.push_back(&each);
  }
  return cases;
}

Outcome<std::set<std::string>> killers_of(const Mutant& mutant) {
  const auto target = conformance::builtin_target("builtin");
  if (!target) return wrong_usage("conform mutants: no target builtin");
  ConformRunOptions options;
  options.mutant = &mutant;
  const auto ran = run_target(*target, cases_for(mutant), options);
  if (!ran) return fail(ran.error());
  std::set<std::string> killers;
  for (const conformance::CaseResult& result : ran->cases) {
    if (result.verdict == conformance::Verdict::Fail) killers.insert(result.id);
  }
  return killers;
}

}  // namespace

Outcome<ExitCode> run_mutant_matrix(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (find_mutant(name) == nullptr) {
      return wrong_usage(fmt::format(
          "conform mutants: no mutant '{}'; `pxeproof conform list mutants` shows all", name));
    }
  }
  std::set<std::string> useful;
  std::size_t wrong = 0;
  std::size_t tried = 0;
  for (const Mutant& mutant : mutants()) {
    if (!names.empty() && std::ranges::find(names, mutant.name) == names.end()) continue;
    ++tried;
    const auto killers = killers_of(mutant);
    if (!killers) return fail(killers.error());
    useful.insert(killers->begin(), killers->end());
    std::string list;
    for (const std::string& id : *killers) list += " " + id;
    fmt::print("{:<26} {}{}\n", mutant.name, killers->empty() ? "SURVIVES" : "killed by", list);
    std::fflush(stdout);
    if (killers->empty()) ++wrong;
    for (const std::string_view id : mutant.killed_by) {
      if (killers->contains(std::string(id))) continue;
      fmt::print("{:<26} is not noticed by {}\n", "", id);
      ++wrong;
    }
  }
  if (names.empty()) {
    for (const Case& each : conformance::catalogue()) {
      if (each.level == conformance::Level::Info || useful.contains(std::string(each.id))) continue;
      fmt::print("{} notices no mutant\n", each.id);
      ++wrong;
    }
  }
  fmt::print("{} mutants, {} cases notice one, {} failures\n", tried, useful.size(), wrong);
  return wrong == 0 ? ExitCode::AsExpected : ExitCode::TestedThingFailed;
}

}  // namespace pxeproof::cli
