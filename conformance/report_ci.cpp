#include "conformance/report_ci.h"

#include <fmt/format.h>

#include "conformance/catalogue.h"
#include "conformance/report_text.h"

namespace pxeproof::conformance {

namespace {

// Text that may stand in XML; what XML 1.0 cannot hold is left out.
std::string xml(std::string_view text) {
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
        if (static_cast<unsigned char>(letter) >= 0x20 || letter == '\n') out += letter;
    }
  }
  return out;
}

// The escapes of workflow commands.
std::string command_text(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '%') {
      out += "%25";
    } else if (letter == '\n') {
      out += "%0A";
    } else if (letter == '\r') {
      out += "%0D";
    } else {
      out += letter;
    }
  }
  return out;
}

bool is_unexpected(Verdict verdict) {
  return verdict == Verdict::Fail || verdict == Verdict::UnexpectedPass ||
         verdict == Verdict::Error;
}

std::string test_case(const TargetResult& target, const CaseResult& result) {
  const Case* subject = find_case(result.id);
  const std::string slug(subject == nullptr ? "" : subject->slug);
  std::string group = result.id.substr(0, result.id.find('-'));
  std::string text =
      fmt::format("    <testcase name=\"{} {}\" classname=\"pxeproof.{}.{}\" time=\"{:.3f}\"",
                  xml(result.id), xml(slug), xml(target.target), xml(group), result.seconds);
  const std::string block = subject == nullptr ? result.seen : failure_block(target, result);
  switch (result.verdict) {
    case Verdict::Pass:
    case Verdict::Loose:
      return text + "/>\n";
    case Verdict::Skip:
      return text + fmt::format("><skipped message=\"{}\"/></testcase>\n", xml(result.seen));
    case Verdict::ExpectedFail:
      return text + fmt::format("><skipped message=\"known: {}; seen: {}\"/></testcase>\n",
                                xml(result.known), xml(result.seen));
    case Verdict::Fail:
      return text + fmt::format("><failure message=\"{}\" type=\"FAIL\">{}</failure></testcase>\n",
                                xml(result.seen), xml(block));
    case Verdict::UnexpectedPass:
      return text + fmt::format(
                        "><failure message=\"passes, though known to fail\" type=\"XPASS\">{}"
                        "</failure></testcase>\n",
                        xml(block));
    case Verdict::Error:
      return text +
             fmt::format("><error message=\"{}\" type=\"ERROR\"/></testcase>\n", xml(result.seen));
  }
  return text + "/>\n";
}

}  // namespace

std::string write_junit(const Run& run) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const TargetResult& target : run.targets) {
    for (const Group& group : groups()) {
      std::string cases;
      double seconds = 0;
      for (const CaseResult& result : target.cases) {
        if (result.id.substr(0, result.id.find('-')) != group.name) continue;
        cases += test_case(target, result);
        seconds += result.seconds;
      }
      if (cases.empty()) continue;
      const Counts counts = count(target.cases, group.name);
      text += fmt::format(
          "  <testsuite name=\"{} {} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
          "skipped=\"{}\" time=\"{:.3f}\">\n{}  </testsuite>\n",
          xml(target.target), xml(target.version), group.name,
          counts.tested() + counts.skip + counts.error, counts.fail + counts.unexpected_pass,
          counts.error, counts.skip + counts.expected_fail, seconds, cases);
    }
  }
  return text + "</testsuites>\n";
}

std::string github_annotations(const Run& run) {
  std::string text;
  for (const TargetResult& target : run.targets) {
    for (const CaseResult& result : target.cases) {
      if (!is_unexpected(result.verdict)) continue;
      text +=
          fmt::format("::error title={} {} {} {}::{}\n", target.target, target.version, result.id,
                      to_string(result.verdict), command_text(failure_block(target, result)));
    }
  }
  return text;
}

std::string github_summary(const Run& run) {
  std::string text = fmt::format("## pxeproof conform, suite {}\n\n| group |", kSuite);
  std::string line = "|---|";
  for (const TargetResult& target : run.targets) {
    text += fmt::format(" {} {} |", target.target, target.version);
    line += "---|";
  }
  text += "\n" + line + "\n";
  for (const Group& group : groups()) {
    std::string row = fmt::format("| {} {} |", group.name, group.title);
    bool any = false;
    for (const TargetResult& target : run.targets) {
      const Counts counts = count(target.cases, group.name);
      any = any || counts.tested() + counts.skip + counts.error > 0;
      row += fmt::format(" {} pass", counts.pass + counts.loose);
      if (counts.expected_fail > 0) row += fmt::format(", {} known", counts.expected_fail);
      if (counts.fail > 0) row += fmt::format(", **{} FAIL**", counts.fail);
      if (counts.unexpected_pass > 0) row += fmt::format(", **{} XPASS**", counts.unexpected_pass);
      if (counts.error > 0) row += fmt::format(", **{} ERROR**", counts.error);
      if (counts.skip > 0) row += fmt::format(", {} skip", counts.skip);
      row += " |";
    }
    if (any) text += row + "\n";
  }
  for (const TargetResult& target : run.targets) {
    for (const CaseResult& result : target.cases) {
      if (!is_unexpected(result.verdict)) continue;
      text += fmt::format("\n```\n{}```\n", failure_block(target, result));
    }
  }
  return text + fmt::format("\n{}\n", kClaimBoundary);
}

}  // namespace pxeproof::conformance
