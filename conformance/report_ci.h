#pragma once

#include <string>

#include "conformance/result.h"

namespace pxeproof::conformance {

// JUnit XML: a suite for each target and group, a test case for each case.
std::string write_junit(const Run& run);

// GitHub's workflow commands: an annotation for each unexpected verdict.
std::string github_annotations(const Run& run);
// The step summary in Markdown: the matrix by groups, and the failures.
std::string github_summary(const Run& run);

}  // namespace pxeproof::conformance
