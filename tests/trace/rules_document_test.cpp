// docs/explain-rules.md says what the table says.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

constexpr std::string_view kHead =
    "# The rules of pxeproof explain\n\n"
    "This page is the table of `trace/rules/table.cpp`, checked against it by a test. What a rule "
    "says of a capture (cause,\nevidence, fix, where to capture) is in the report itself: "
    "[explain.md](explain.md).\n\n"
    "Of several rules that apply, the one with the lower rank comes first: the more specific "
    "one.\n\n"
    "| rule | name | kind | rank | it recognises |\n|---|---|---|---|---|\n";

std::string document() {
  std::string text(kHead);
  for (const Rule& rule : rules()) {
    text += "| " + std::string(rule.id) + " | " + std::string(rule.name) + " | " +
            std::string(to_string(rule.kind)) + " | " + std::to_string(rule.rank) + " | " +
            std::string(rule.title) + " |\n";
  }
  return text;
}

TEST(RuleTable, IsWhatTheDocumentSays) {
  std::ifstream file(std::string(PXEPROOF_SOURCE_DIR) + "/docs/explain-rules.md");
  const std::string written(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(written, document()) << "docs/explain-rules.md should be:\n" << document();
}

}  // namespace
}  // namespace pxeproof::trace
