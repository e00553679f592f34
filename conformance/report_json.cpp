#include "conformance/report_json.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "conformance/catalogue.h"

namespace pxeproof::conformance {

namespace {

using nlohmann::json;

json case_to_json(const CaseResult& result) {
  json row{{"id", result.id}, {"verdict", to_word(result.verdict)}, {"seconds", result.seconds}};
  const auto add = [&row](const char* name, const std::string& text) {
    if (!text.empty()) row[name] = text;
  };
  add("answer", result.answer);
  add("seen", result.seen);
  add("sent", result.sent);
  add("known", result.known);
  add("capture", result.capture);
  return row;
}

std::string text_of(const json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<CaseResult> case_from_json(const json& row) {
  if (!row.is_object()) return std::nullopt;
  CaseResult result;
  result.id = text_of(row, "id");
  const Verdict* verdict = find_verdict(text_of(row, "verdict"));
  if (result.id.empty() || verdict == nullptr) return std::nullopt;
  result.verdict = *verdict;
  result.answer = text_of(row, "answer");
  result.seen = text_of(row, "seen");
  result.sent = text_of(row, "sent");
  result.known = text_of(row, "known");
  result.capture = text_of(row, "capture");
  if (const auto seconds = row.find("seconds"); seconds != row.end() && seconds->is_number()) {
    result.seconds = seconds->get<double>();
  }
  return result;
}

json counts_to_json(const Counts& counts) {
  return {{"pass", counts.pass},           {"pass-loose", counts.loose},
          {"fail", counts.fail},           {"skip", counts.skip},
          {"xfail", counts.expected_fail}, {"xpass", counts.unexpected_pass},
          {"error", counts.error}};
}

}  // namespace

std::string write_json(const Run& run, std::string_view tool_version) {
  json document{{"schema", kSchema}, {"tool", tool_version}, {"suite", kSuite}, {"seed", run.seed}};
  document["targets"] = json::array();
  for (const TargetResult& target : run.targets) {
    json row{{"name", target.target},
             {"version", target.version},
             {"time", target.time},
             {"baseline", target.baseline},
             {"abilities", target.abilities},
             {"notes", target.notes},
             {"seconds", target.seconds},
             {"heavy_seconds", target.heavy_seconds},
             {"counts", counts_to_json(count(target.cases))}};
    row["cases"] = json::array();
    for (const CaseResult& result : target.cases) row["cases"].push_back(case_to_json(result));
    document["targets"].push_back(std::move(row));
  }
  return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Run, std::string> read_json(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object())
    return fail(std::string("is no JSON object"));
  if (text_of(document, "schema") != kSchema) {
    return fail(fmt::format("is no report of schema {}", kSchema));
  }
  Run run;
  const auto targets = document.find("targets");
  if (targets == document.end() || !targets->is_array()) return fail(std::string("has no targets"));
  for (const json& row : *targets) {
    TargetResult target;
    target.target = text_of(row, "name");
    target.version = text_of(row, "version");
    target.time = text_of(row, "time");
    const auto cases = row.find("cases");
    if (cases == row.end() || !cases->is_array()) return fail(std::string("a target has no cases"));
    for (const json& each : *cases) {
      auto result = case_from_json(each);
      if (!result) return fail(std::string("a case has no id or no known verdict"));
      target.cases.push_back(std::move(*result));
    }
    run.targets.push_back(std::move(target));
  }
  return run;
}

std::string write_line(const CaseResult& result) {
  return "result " + case_to_json(result).dump(-1, ' ', true, json::error_handler_t::replace);
}

std::optional<CaseResult> read_line(std::string_view line) {
  constexpr std::string_view kMark = "result ";
  if (!line.starts_with(kMark)) return std::nullopt;
  const json row = json::parse(line.substr(kMark.size()), nullptr, false);
  return row.is_discarded() ? std::nullopt : case_from_json(row);
}

std::string write_case_list(const std::vector<const Case*>& cases) {
  json list = json::array();
  for (const Case* each : cases) {
    json answers = json::array();
    for (const std::string_view answer : each->answers) answers.push_back(answer);
    list.push_back({{"id", each->id},
                    {"slug", each->slug},
                    {"group", each->group()},
                    {"clause", each->clause},
                    {"level", to_string(each->level)},
                    {"quirk_of", each->quirk_of},
                    {"requirement", each->requirement},
                    {"stimulus", each->stimulus},
                    {"answers", answers},
                    {"problems", each->problems}});
  }
  return json{{"schema", kSchema}, {"suite", kSuite}, {"cases", list}}.dump(2) + "\n";
}

std::vector<Change> compare(const Run& before, const Run& after) {
  std::vector<Change> changes;
  const auto is_good = [](Verdict verdict) {
    return verdict == Verdict::Pass || verdict == Verdict::Loose ||
           verdict == Verdict::UnexpectedPass;
  };
  const auto is_bad = [](Verdict verdict) {
    return verdict == Verdict::Fail || verdict == Verdict::ExpectedFail ||
           verdict == Verdict::Error;
  };
  for (const TargetResult& now : after.targets) {
    std::map<std::string, const CaseResult*> known;
    for (const TargetResult& then : before.targets) {
      if (then.target != now.target) continue;
      for (const CaseResult& each : then.cases) known[each.id] = &each;
    }
    for (const CaseResult& each : now.cases) {
      const auto found = known.find(each.id);
      if (found == known.end()) {
        changes.push_back({is_bad(each.verdict) ? Change::Kind::Worse : Change::Kind::Other,
                           fmt::format("{} {}: new, {} {}", now.target, each.id,
                                       to_string(each.verdict), each.seen)});
        continue;
      }
      const CaseResult& old = *found->second;
      known.erase(found);
      if (old.verdict == each.verdict && old.seen == each.seen && old.answer == each.answer)
        continue;
      Change change;
      if (is_bad(each.verdict) && (!is_bad(old.verdict) || old.seen != each.seen)) {
        change.kind = Change::Kind::Worse;
      } else if (is_good(each.verdict) && is_bad(old.verdict)) {
        change.kind = Change::Kind::Better;
      }
      const auto words = [](const CaseResult& result) {
        return fmt::format("{} {}", to_string(result.verdict),
                           result.seen.empty() ? result.answer : result.seen);
      };
      change.text = fmt::format("{} {}: {}  ->  {}", now.target, each.id, words(old), words(each));
      changes.push_back(std::move(change));
    }
    for (const auto& [id, old] : known) {
      changes.push_back(
          {Change::Kind::Other,
           fmt::format("{} {}: no longer run, was {}", now.target, id, to_string(old->verdict))});
    }
  }
  return changes;
}

}  // namespace pxeproof::conformance
