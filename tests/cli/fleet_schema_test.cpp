#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cli/fleet_report.h"
#include "tests/cli/virtual_fleet.h"
#include "tests/support/json_schema.h"

namespace pxeproof::cli {
namespace {

TEST(FleetJson, IsAsItsSchemaSays) {
  const std::string schema = PXEPROOF_SOURCE_DIR "/schemas/fleet-1.json";
  FleetOptions options = options_of({"--clients", "10", "--restart", "1ms", "--link", "loss=5%"});
  FleetResult result = run(options);
  ASSERT_GT(result.tally.failed, 0U);
  testing::expect_as_in_schema(schema, fleet_report_json(options, result));

  options.time = FleetOptions::Time::Real;
  result.harness.has_wire = true;
  result.watched = {{.name = "boot server", .discovers = 10, .offers = 9, .overflows = 1}};
  result.tally.evidence.closed_ports[static_cast<std::size_t>(rom::Exchange::File)] = 3;
  result.server.cpu_seconds = 1.5;
  testing::expect_as_in_schema(schema, fleet_report_json(options, result));
}

}  // namespace
}  // namespace pxeproof::cli
