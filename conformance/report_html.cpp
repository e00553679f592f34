#include "conformance/report_html.h"

#include <fmt/format.h>

#include "conformance/catalogue.h"
#include "conformance/report_text.h"

namespace pxeproof::conformance {

namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8884; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto;
  max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left;
         vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; }
td.case { width: 34%; } td.case small { display: block; opacity: .75; }
.verdict { font-weight: 600; white-space: nowrap; }
.pass { color: #1a7f37; } .pass-loose { color: #6b8e23; } .fail, .xpass { color: #cf222e; }
.xfail { color: #9a6700; } .skip { opacity: .6; } .error { color: #8250df; }
td small { display: block; } details summary { cursor: pointer; }
nav a { margin-right: .8rem; }
)";

std::string html(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += letter;
    }
  }
  return out;
}

const CaseResult* result_of(const TargetResult& target, std::string_view id) {
  for (const CaseResult& result : target.cases) {
    if (result.id == id) return &result;
  }
  return nullptr;
}

std::string cell(const CaseResult* result) {
  if (result == nullptr) return "<td></td>";
  const std::string& words = result->seen.empty() ? result->answer : result->seen;
  std::string text = fmt::format("<td><span class=\"verdict {}\">{}</span>",
                                 to_word(result->verdict), to_string(result->verdict));
  if (!words.empty()) text += fmt::format("<small>{}</small>", html(words));
  if (!result->known.empty()) text += fmt::format("<small>known: {}</small>", html(result->known));
  return text + "</td>";
}

std::string row(const Case& subject, const Run& run) {
  std::string text = fmt::format(
      "<tr id=\"{0}\"><td class=\"case\"><details><summary><b>{0}</b> {1} <small>{2} &middot; {3}"
      "</small></summary><p>{4}</p><p>sent: {5}<br>expected: {6}<br>problems: "
      "{7}</p></details></td>",
      subject.id, subject.slug, to_string(subject.level), html(subject.clause),
      html(subject.requirement), html(subject.stimulus), html(describe_answers(subject)),
      html(subject.problems));
  for (const TargetResult& target : run.targets) text += cell(result_of(target, subject.id));
  return text + "</tr>\n";
}

// What a reader looks for first: the verdicts that fail the run.
std::string unexpected_list(const Run& run) {
  std::string items;
  for (const TargetResult& target : run.targets) {
    for (const CaseResult& each : target.cases) {
      const bool is_unexpected = each.verdict == Verdict::Fail ||
                                 each.verdict == Verdict::UnexpectedPass ||
                                 each.verdict == Verdict::Error;
      if (!is_unexpected) continue;
      items += fmt::format("<li><a href=\"#{0}\">{0}</a> {1}, {2}: {3}</li>\n", each.id,
                           html(target.target), to_string(each.verdict),
                           html(each.seen.empty() ? each.answer : each.seen));
    }
  }
  if (items.empty()) return "<p>Nothing is unexpected.</p>\n";
  return "<p>Unexpected:</p>\n<ul>\n" + items + "</ul>\n";
}

}  // namespace

std::string write_html(const Run& run, std::string_view tool_version) {
  std::string text = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<title>pxeproof conformance matrix</title><style>{}</style></head><body>\n"
      "<h1>pxeproof {}: conformance suite {}</h1>\n<p>{}</p>\n<nav>",
      kStyle, html(tool_version), kSuite, html(kClaimBoundary));
  for (const Group& group : groups()) text += fmt::format("<a href=\"#{0}\">{0}</a>", group.name);
  text += "</nav>\n";
  text +=
      "<p><b>pass~</b> is allowed, but not preferred; <b>xfail</b> is a failure that the baseline "
      "knows, <b>XPASS</b> one that it knows and that passed; <b>skip</b> is not offered by this "
      "server, or not possible here. A case opens on what it sends, wants and found.</p>\n";
  text += unexpected_list(run);
  std::string head = "<tr><th scope=\"col\">case</th>";
  for (const TargetResult& target : run.targets) {
    const Counts counts = count(target.cases);
    head += fmt::format(
        "<th scope=\"col\">{} {}<small> {} time; {} pass, {} fail, {} known, {} skip</small></th>",
        html(target.target), html(target.version), target.time, counts.pass + counts.loose,
        counts.fail + counts.unexpected_pass, counts.expected_fail, counts.skip);
  }
  head += "</tr>\n";
  for (const Group& group : groups()) {
    std::string rows;
    for (const Case& subject : catalogue()) {
      if (subject.group() != group.name) continue;
      bool any = false;
      for (const TargetResult& target : run.targets)
        any = any || result_of(target, subject.id) != nullptr;
      if (any) rows += row(subject, run);
    }
    if (rows.empty()) continue;
    text += fmt::format("<h2 id=\"{0}\">{0} {1}</h2>\n<table>{2}{3}</table>\n", group.name,
                        html(group.title), head, rows);
  }
  return text + "</body></html>\n";
}

std::string write_markdown_matrix(const Run& run) {
  std::string text = "| case | level |";
  std::string line = "|---|---|";
  for (const TargetResult& target : run.targets) {
    text += fmt::format(" {} {} |", target.target, target.version);
    line += "---|";
  }
  text += "\n" + line + "\n";
  const auto plain = [](std::string words) {
    for (std::size_t at = words.find('|'); at != std::string::npos; at = words.find('|', at + 2))
      words.replace(at, 1, "\\|");
    return words;
  };
  for (const Case& subject : catalogue()) {
    std::string row =
        fmt::format("| {} {} | {} |", subject.id, subject.slug, to_string(subject.level));
    bool any = false;
    for (const TargetResult& target : run.targets) {
      const CaseResult* result = result_of(target, subject.id);
      any = any || result != nullptr;
      if (result == nullptr) {
        row += " |";
        continue;
      }
      const bool passed = result->verdict == Verdict::Pass || result->verdict == Verdict::Skip;
      row += fmt::format(
          " {}{} |", to_string(result->verdict),
          passed ? "" : ": " + plain(result->seen.empty() ? result->answer : result->seen));
    }
    if (any) text += row + "\n";
  }
  return text;
}

}  // namespace pxeproof::conformance
