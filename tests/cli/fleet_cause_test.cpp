// What the report names as the cause of slow and failed boots.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/fleet_limit.h"
#include "cli/fleet_report.h"
#include "tests/cli/virtual_fleet.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string cause_of(const FleetOptions& options) {
  const auto cause = find_cause(options, run(options));
  return cause ? cause->name + ": " + cause->why : "none";
}

TEST(FleetCause, NamesTftpMaxByTheTransfersThatWereOpen) {
  const FleetOptions options = options_of({"--clients", "500"});
  FleetResult result;
  result.tally.planned = 500;
  result.tally.booted = 400;
  result.tally.failed = 100;
  result.tally.peak_open = 49;
  result.tally.peak_unanswered = 400;
  result.tally.answer_wait.record(6s);
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.sent = 1998;
  files.received = 1500;
  result.server.tftp_max = 50;
  result.server.tftp_max_is_default = true;
  const auto cause = find_cause(options, result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "tftp-max");
  EXPECT_THAT(cause->why, HasSubstr("498 RRQs stayed unanswered"));
  EXPECT_THAT(cause->why, HasSubstr("tftp-max=50 (the default)"));
  result.tally.peak_open = 300;
  EXPECT_NE(find_cause(options, result)->name, "tftp-max");
}

// Machines that still wait when the run is cut short are evidence too: no RRQ of theirs was
// answered.
TEST(FleetCause, NamesTftpMaxWhereNoWaitingMachineWasAnswered) {
  FleetOptions options = options_of({"--clients", "60", "--set", "tftp-max=5", "--link",
                                     "delay=5ms", "--threshold", "boot.max<1s"});
  options.cut_off = 700ms;
  FleetResult result = run(options);
  EXPECT_GE(result.tally.vain_wait.maximum(), 500ms);
  result.tally.answer_wait = {};
  const auto cause = find_cause(options, result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "tftp-max");
}

// Twenty of 21 keep every place, and the last waits between its RRQs for less than half a second.
TEST(FleetCause, NamesTftpMaxWhereOneMachineIsHeldForAMoment) {
  EXPECT_THAT(cause_of(options_of({"--clients", "21", "--set", "tftp-max=20", "--link", "delay=3ms",
                                   "--threshold", "boot.p99<2s"})),
              HasSubstr("tftp-max=20"));
}

TEST(FleetCause, IsNoLimitWhereEverybodyIsServedAtOnce) {
  EXPECT_EQ(cause_of(options_of({"--clients", "20", "--set", "tftp-max=20", "--link", "delay=3ms",
                                 "--threshold", "boot.p99<1ms"})),
            "none");
}

}  // namespace
}  // namespace pxeproof::cli
