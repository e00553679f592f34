#include "conformance/baseline.h"

#include <fmt/format.h>

#include <algorithm>

#include "conformance/builtin_texts.h"
#include "conformance/catalogue.h"
#include "firmware/toml_reader.h"

namespace pxeproof::conformance {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out + "\"";
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + quoted(text);
  return out + "]";
}

bool is_failure(Verdict verdict) {
  return verdict == Verdict::Fail || verdict == Verdict::ExpectedFail;
}

}  // namespace

bool Baseline::is_for(std::string_view target_name, std::string_view version) const {
  return target == target_name && std::ranges::find(versions, version) != versions.end();
}

Result<Baseline, std::string> read_baseline(std::string_view text, const std::string& origin) {
  firmware::TomlReader reader(text, origin);
  if (reader.error()) return fail(*reader.error());
  Baseline baseline;
  baseline.name = origin;
  baseline.target = reader.text("target");
  baseline.versions = reader.texts("versions");
  if (reader.has("known")) {
    firmware::TomlReader known = reader.table("known");
    for (const std::string& id : known.keys()) {
      if (find_case(id) == nullptr) {
        known.refuse(id, "is no case of this suite; see `pxeproof conform list`");
      }
      firmware::TomlReader row = known.table(id);
      Baseline::Known entry;
      entry.seen = row.texts("seen");
      entry.why = row.text("why");
      if (row.has("since")) entry.since = row.text("since");
      row.finish();
      baseline.known[id] = std::move(entry);
    }
    known.finish();
  }
  reader.finish();
  if (reader.error()) return fail(*reader.error());
  return baseline;
}

std::optional<Baseline> builtin_baseline(std::string_view target, std::string_view version) {
  for (const BuiltinText& each : builtin_baselines()) {
    auto baseline = read_baseline(each.text, std::string(each.name) + ".toml");
    if (baseline && baseline->is_for(target, version)) return std::move(*baseline);
  }
  return std::nullopt;
}

void apply_baseline(const Baseline& baseline, TargetResult& result) {
  result.baseline = baseline.name;
  for (CaseResult& each : result.cases) {
    const auto known = baseline.known.find(each.id);
    if (known == baseline.known.end()) continue;
    if (each.verdict == Verdict::Fail) {
      const auto& seen = known->second.seen;
      if (std::ranges::find(seen, each.seen) == seen.end()) continue;
      each.verdict = Verdict::ExpectedFail;
      each.known = known->second.why;
    } else if (each.verdict == Verdict::Pass || each.verdict == Verdict::Loose) {
      each.verdict = Verdict::UnexpectedPass;
      each.known = known->second.why;
    }
  }
}

std::string write_baseline(const TargetResult& result, const Baseline* earlier) {
  std::string text = fmt::format(
      "# What is known of {} {}: pxeproof conform --target {} --update-baseline writes this file.\n"
      "# A failure with another observation than these is a new failure.\n"
      "target = {}\nversions = [{}]\n",
      result.target, result.version, result.target, quoted(result.target), quoted(result.version));
  for (const CaseResult& each : result.cases) {
    if (!is_failure(each.verdict)) continue;
    std::vector<std::string> seen{each.seen};
    std::string why = "not yet looked into";
    std::string since(kSuite);
    if (earlier != nullptr) {
      if (const auto known = earlier->known.find(each.id); known != earlier->known.end()) {
        why = known->second.why;
        since = known->second.since;
        for (const std::string& other : known->second.seen) {
          if (other != each.seen && each.verdict == Verdict::ExpectedFail) seen.push_back(other);
        }
      }
    }
    text += fmt::format("\n[known.{}]\nseen = {}\nwhy = {}\nsince = {}\n", each.id,
                        quoted_list(seen), quoted(why), quoted(since));
  }
  return text;
}

}  // namespace pxeproof::conformance
