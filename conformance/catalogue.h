#pragma once

#include <string_view>
#include <vector>

#include "conformance/case.h"

namespace pxeproof::conformance {

// The suite's version: the month its cases last changed.
inline constexpr std::string_view kSuite = "2026.11";

// All cases, in the order of the specification.
const std::vector<Case>& catalogue();

// What is asked of a server before any case: what it is able to do.
const Case& probe_case();

const Case* find_case(std::string_view id_or_slug);

struct Group {
  std::string_view name;
  std::string_view title;
};
const std::vector<Group>& groups();

}  // namespace pxeproof::conformance
