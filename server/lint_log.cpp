#include "server/lint_findings.h"

namespace pxeproof::server {

void find_log_facility(LintFindings& findings) {
  const std::string& facility = findings.configuration().log_facility;
  if (facility.empty() || facility == "-") return;
  const auto location = location_of(findings.configuration(), "log-facility");
  if (!location) return;
  findings.warn(*location,
                "log-facility has no effect: the log goes to standard output, and under systemd "
                "to the journal",
                "remove it; for a file, redirect standard output or set StandardOutput= of the "
                "unit");
}

}  // namespace pxeproof::server
