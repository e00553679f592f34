#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "server/configuration.h"
#include "server/diagnostic.h"

namespace pxeproof::server {

// What lint may know beside the configuration.
struct LintSurroundings {
  std::vector<Subnet> subnets{};  // of this machine's interfaces; without them a /24 is assumed
};

// What a configuration says that its author most likely did not mean: directives without effect,
// dnsmasq's traps, and where pxeproof does better than dnsmasq would with the same file. Warnings
// are worth a line when the server starts; notes are for who asks. In the order of the lines.
std::vector<Diagnostic> lint(const Configuration& configuration,
                             const LintSurroundings& surroundings = {});

// Files in the order in which they were begun, each in the order of its lines.
void sort_by_place(std::vector<Diagnostic>& diagnostics);

// One rule of lint.
struct LintRule {
  std::string_view name;     // Diagnostic::rule
  std::string_view summary;  // what it looks for, for a list of rules
};
std::vector<LintRule> lint_rules();

}  // namespace pxeproof::server
