#pragma once

#include <string>

#include "cli/fleet_options.h"
#include "cli/fleet_result.h"

namespace pxeproof::cli {

// The report for a terminal: verdicts, times, ledger, failures, causes; one screen.
std::string fleet_report_text(const FleetOptions& options, const FleetResult& result);

// The distribution of boot times as a bar chart of letters.
std::string fleet_histogram_text(const rom::LatencyHistogram& histogram);

// The report as JSON (schemas/fleet-1.json), with the histograms whole.
std::string fleet_report_json(const FleetOptions& options, const FleetResult& result);

// The report as one self-contained HTML page.
std::string fleet_report_html(const FleetOptions& options, const FleetResult& result);

}  // namespace pxeproof::cli
