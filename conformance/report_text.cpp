#include "conformance/report_text.h"

#include <fmt/format.h>

#include "conformance/catalogue.h"

namespace pxeproof::conformance {

namespace {

constexpr std::size_t kBlocksOnAScreen = 3;

std::string cell(std::size_t number, std::string_view what) {
  if (number == 0) return std::string(what.size() + 5, ' ');
  return fmt::format("{:>4} {}", number, what);
}

std::string again(const TargetResult& target, const CaseResult& result) {
  return fmt::format("pxeproof conform {} {}", result.id, target.repeated_by);
}

bool is_unexpected(Verdict verdict) {
  return verdict == Verdict::Fail || verdict == Verdict::UnexpectedPass ||
         verdict == Verdict::Error;
}

std::string short_cell(const Counts& counts) {
  if (counts.tested() + counts.error == 0) return counts.skip == 0 ? "" : "skip";
  std::string text = fmt::format("{}", counts.pass + counts.loose);
  if (counts.expected_fail > 0) text += fmt::format(" x{}", counts.expected_fail);
  if (counts.fail > 0) text += fmt::format(" FAIL {}", counts.fail);
  if (counts.unexpected_pass > 0) text += fmt::format(" XPASS {}", counts.unexpected_pass);
  if (counts.error > 0) text += fmt::format(" ERROR {}", counts.error);
  return text;
}

}  // namespace

std::string group_table(const TargetResult& result) {
  std::string text;
  for (const Group& group : groups()) {
    const Counts counts = count(result.cases, group.name);
    const std::size_t all = counts.tested() + counts.skip + counts.error;
    if (all == 0) continue;
    std::string line = fmt::format(
        "  {:<6} {:<19} {:>3} {} {} {} {} {} {} {}", group.name, group.title, all,
        cell(counts.pass, "pass"), cell(counts.loose, "pass~"), cell(counts.fail, "FAIL"),
        cell(counts.expected_fail, "xfail"), cell(counts.unexpected_pass, "XPASS"),
        cell(counts.error, "ERROR"), cell(counts.skip, "skip"));
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text += line + "\n";
  }
  return text;
}

std::string failure_block(const TargetResult& target, const CaseResult& result) {
  const Case* subject = find_case(result.id);
  if (subject == nullptr) return {};
  std::string text = fmt::format("{} {} {}   {}   {}\n", to_string(result.verdict), result.id,
                                 subject->slug, to_string(subject->level), subject->clause);
  if (result.verdict == Verdict::UnexpectedPass) {
    text += fmt::format("     known as   {}\n     seen       {}\n", result.known, result.answer);
    text += "     do         remove it from the baseline, or --update-baseline\n";
  } else {
    if (!result.sent.empty()) text += fmt::format("     sent       {}\n", result.sent);
    text += fmt::format("     expected   {}\n", describe_answers(*subject));
    text += fmt::format("     seen       {}\n", result.seen);
    text += fmt::format("     matters    {}\n", subject->requirement);
  }
  if (!result.capture.empty()) text += fmt::format("     look       {}\n", result.capture);
  return text + fmt::format("     again      {}\n", again(target, result));
}

std::string failure_blocks(const TargetResult& result, Detail detail) {
  std::string text;
  std::size_t shown = 0;
  std::size_t hidden = 0;
  for (const CaseResult& each : result.cases) {
    if (!is_unexpected(each.verdict)) continue;
    if (detail == Detail::OneScreen && shown == kBlocksOnAScreen) {
      ++hidden;
      continue;
    }
    text += "\n" + failure_block(result, each);
    ++shown;
  }
  if (hidden > 0) {
    text += fmt::format("\n  ... {} more: --all prints them, --out DIR keeps them\n", hidden);
  }
  return text;
}

std::string totals(const TargetResult& result) {
  const Counts counts = count(result.cases);
  std::string text =
      fmt::format("{} cases   {} pass   {} pass~   {} FAIL   {} skip   {} xfail   {} XPASS",
                  result.cases.size(), counts.pass, counts.loose, counts.fail, counts.skip,
                  counts.expected_fail, counts.unexpected_pass);
  if (counts.error > 0) text += fmt::format("   {} ERROR", counts.error);
  text += fmt::format("     in {:.1f} s", result.seconds);
  if (result.heavy_seconds > 0) text += fmt::format(", heavy cases {:.1f} s", result.heavy_seconds);
  return text + "\n";
}

std::string matrix(const Run& run) {
  std::string text = fmt::format("  {:<26}", "");
  for (const TargetResult& target : run.targets) {
    text += fmt::format(" {:<18}", target.target + " " + target.version);
  }
  text += "\n";
  const auto add_row = [&](std::string_view group, const std::string& name) {
    std::string line = fmt::format("  {:<26}", name);
    for (const TargetResult& target : run.targets) {
      line += fmt::format(" {:<18}", short_cell(count(target.cases, group)));
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text += line + "\n";
  };
  for (const Group& group : groups()) {
    bool any = false;
    for (const TargetResult& target : run.targets) {
      const Counts counts = count(target.cases, group.name);
      any = any || counts.tested() + counts.skip + counts.error > 0;
    }
    if (any) add_row(group.name, fmt::format("{:<6} {}", group.name, group.title));
  }
  add_row({}, "all");
  return text + "  numbers are passes; xN: known failures of the baseline\n";
}

std::string explain_case(const Case& subject) {
  std::string level(to_string(subject.level));
  if (!subject.quirk_of.empty()) level += fmt::format(" of {}", subject.quirk_of);
  std::string text = fmt::format("{} {}\n\n  level      {}\n  clause     {}\n", subject.id,
                                 subject.slug, level, subject.clause);
  text += fmt::format("  rule       {}\n  sent       {}\n  expected   {}\n  problems   {}\n",
                      subject.requirement, subject.stimulus, describe_answers(subject),
                      subject.problems);
  std::string needs;
  for (const Need need : subject.needs) {
    needs += (needs.empty() ? "" : ", ");
    needs += to_string(need);
  }
  if (!needs.empty()) text += fmt::format("  needs      {}\n", needs);
  if (!subject.variant.empty())
    text += fmt::format("  with       configuration \"{}\"\n", subject.variant);
  text += fmt::format("  elsewhere  {}\n", subject.reach == Reach::Anywhere
                                               ? "may be sent to a server on a real network"
                                               : "only in the lab");
  return text + fmt::format("  run        pxeproof conform {} --target TARGET -v\n", subject.id);
}

}  // namespace pxeproof::conformance
