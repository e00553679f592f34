#pragma once

#include <string>
#include <vector>

#include "server/lint.h"
#include "tests/server/read_configuration.h"

namespace pxeproof::server {

// "rule:line" for everything lint finds.
inline std::vector<std::string> findings(const std::string& text,
                                         const LintSurroundings& surroundings = {}) {
  std::vector<std::string> result;
  const Configuration configuration = read(text);
  for (const Diagnostic& finding : lint(configuration, surroundings)) {
    EXPECT_FALSE(finding.remedy.empty()) << finding.rule;
    result.push_back(finding.rule + ":" + std::to_string(finding.location.line));
  }
  return result;
}

// The same, as people read it.
inline std::vector<std::string> lint_lines(const std::string& text) {
  return printed(lint(read(text)));
}

}  // namespace pxeproof::server
