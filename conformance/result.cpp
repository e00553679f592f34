#include "conformance/result.h"

#include <array>

namespace pxeproof::conformance {

namespace {

struct Row {
  Verdict verdict;
  std::string_view shown;
  std::string_view word;
};
constexpr std::array kRows = {
    Row{Verdict::Pass, "pass", "pass"},           Row{Verdict::Loose, "pass~", "pass-loose"},
    Row{Verdict::Fail, "FAIL", "fail"},           Row{Verdict::Skip, "skip", "skip"},
    Row{Verdict::ExpectedFail, "xfail", "xfail"}, Row{Verdict::UnexpectedPass, "XPASS", "xpass"},
    Row{Verdict::Error, "ERROR", "error"},
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  for (const Row& row : kRows) {
    if (row.verdict == verdict) return row.shown;
  }
  return {};
}

std::string_view to_word(Verdict verdict) {
  for (const Row& row : kRows) {
    if (row.verdict == verdict) return row.word;
  }
  return {};
}

const Verdict* find_verdict(std::string_view word) {
  for (const Row& row : kRows) {
    if (row.word == word) return &row.verdict;
  }
  return nullptr;
}

Counts count(const std::vector<CaseResult>& results, std::string_view group) {
  Counts counts;
  for (const CaseResult& result : results) {
    if (!group.empty() && result.id.substr(0, result.id.find('-')) != group) continue;
    switch (result.verdict) {
      case Verdict::Pass:
        ++counts.pass;
        break;
      case Verdict::Loose:
        ++counts.loose;
        break;
      case Verdict::Fail:
        ++counts.fail;
        break;
      case Verdict::Skip:
        ++counts.skip;
        break;
      case Verdict::ExpectedFail:
        ++counts.expected_fail;
        break;
      case Verdict::UnexpectedPass:
        ++counts.unexpected_pass;
        break;
      case Verdict::Error:
        ++counts.error;
        break;
    }
  }
  return counts;
}

}  // namespace pxeproof::conformance
