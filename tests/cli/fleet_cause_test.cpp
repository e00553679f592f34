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
  files.asked = files.sent = 1998;
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

// 200 machines that failed before their boot file, of whose 1200 RRQs none was answered.
FleetResult silent_tftp() {
  FleetResult result;
  result.tally.planned = result.tally.powered_on = result.tally.failed = 200;
  result.tally.failures[{rom::Phase::Nbp, "no answer"}] = {.count = 200};
  rom::LedgerRow& offers = result.tally.ledger.row(rom::Exchange::Discover);
  offers.asked = offers.sent = 300;
  offers.received = 290;
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.asked = files.sent = 1200;
  return result;
}

TEST(FleetCause, IsTheSilentServerAndNotTheOneFrameThatACableLost) {
  FleetResult result = silent_tftp();
  result.tally.ledger.row(rom::Exchange::Request).answers_lost_on_cable = 1;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->why, "1200 of 1200 RRQs were not answered");
}

TEST(FleetCause, IsTheCablesWhereTheyLostMostOfTheWorstExchange) {
  FleetResult result = silent_tftp();
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.sent = 100;
  files.lost_on_cable = 1100;
  files.answers_lost_on_cable = 90;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "cables");
  EXPECT_THAT(cause->why, HasSubstr("1100 of 1200 RRQs and 90 of their answers"));
}

TEST(FleetCause, IsTheBuiltInServersRoomForHalfOpenTransfers) {
  FleetResult result = silent_tftp();
  result.tally.peak_unanswered = 12'000;
  result.server.half_open = 10'000;
  EXPECT_EQ(find_cause(options_of({}), result)->name, "half-open");
  result.tally.peak_unanswered = 9'000;
  EXPECT_NE(find_cause(options_of({}), result)->name, "half-open");
}

TEST(FleetCause, KnowsASilenceInTheMiddleOfFiles) {
  FleetResult result = silent_tftp();
  result.tally.ledger.row(rom::Exchange::File).received = 1200;
  result.tally.files_checked = 50;
  rom::LedgerRow& blocks = result.tally.ledger.row(rom::Exchange::Block);
  blocks.asked = blocks.sent = 1000;
  blocks.received = 600;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->why, "350 of 1000 ACKs were not answered");
}

// Times are of machines that booted, and hold: what kept the last one from an address counts.
TEST(FleetCause, IsNamedByATrialThatOneMachineFailed) {
  const FleetOptions options = options_of({"--clients", "21", "--find-limit", "boot.p99<10s"});
  FleetResult result;
  result.tally.planned = result.tally.powered_on = 21;
  result.tally.booted = result.tally.leases = 20;
  result.tally.spans[static_cast<std::size_t>(rom::Span::Boot)].record(1s, 20);
  result.tally.failed = 1;
  result.tally.failures[{rom::Phase::Offer, "no offer"}] = {.count = 1};
  result.server.pool = 20;
  const FleetTrial trial = trial_of(options, result);
  EXPECT_FALSE(trial.holds);
  EXPECT_EQ(trial.cause_name, "address pool");
}

// 30 machines of which none failed, and none came to its end.
FleetResult cut_short() {
  FleetResult result;
  result.tally.planned = result.tally.powered_on = 30;
  result.tally.busy_with[static_cast<std::size_t>(rom::Phase::Payload)] = 30;
  rom::LedgerRow& blocks = result.tally.ledger.row(rom::Exchange::Block);
  blocks.asked = blocks.sent = 1380;
  blocks.received = 600;
  return result;
}

TEST(FleetCause, IsFoundWhereMachinesStillWaitWhenARunIsCutShort) {
  FleetResult result = cut_short();
  result.ran_out_of_time = true;
  const auto cause = find_cause(options_of({}), result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->why, "780 of 1380 ACKs were not answered");
}

TEST(FleetCause, IsNotSoughtInWhatIsJustOnItsWayWhenASignalComes) {
  FleetResult result = cut_short();
  result.stopped = true;
  rom::LedgerRow& blocks = result.tally.ledger.row(rom::Exchange::Block);
  blocks.received = 1350;
  blocks.answers_lost_on_cable = 20;
  EXPECT_FALSE(find_cause(options_of({}), result));
}

TEST(FleetCause, IsNoTrifleThatCannotHaveStoppedSoMany) {
  FleetResult result = silent_tftp();
  rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  files.received = files.used = 1199;
  EXPECT_FALSE(find_cause(options_of({}), result));
}

TEST(FleetCause, IsTheRestartThatTheUserWanted) {
  EXPECT_THAT(cause_of(options_of({"--clients", "30", "--restart", "1ms"})),
              HasSubstr("30 of the 30 machines that failed waited for an answer"));
}

// Nothing of theirs passed a switch before the server had been started anew.
TEST(FleetCause, IsNoRestartThatNoMachineWaitedFor) {
  const std::string cause =
      cause_of(options_of({"--clients", "20", "--arrive", "stp=30s", "--restart", "1s"}));
  EXPECT_THAT(cause, HasSubstr("cables: 80 of 80 DISCOVERs"));
}

// The new server leaves unanswered what the old one would have.
TEST(FleetCause, IsNoRestartThatChangesNothing) {
  const std::vector<std::string> words{"--clients", "20", "--mix", "uboot-arm64"};
  std::vector<std::string> restarted = words;
  restarted.insert(restarted.end(), {"--restart", "1ms"});
  EXPECT_THAT(cause_of(options_of(restarted)), Not(HasSubstr("restart")));
  EXPECT_EQ(cause_of(options_of(restarted)), cause_of(options_of(words)));
}

TEST(FleetCause, IsTheRestartThatMachinesWaitedForBeforeTheyBooted) {
  rom::FleetOutcome outcome;
  outcome.booted = true;
  EXPECT_FALSE(was_held_by_restart(outcome, 5s));
  const auto booted = [&outcome](Duration from, Duration to) {
    outcome.wait = rom::FleetWait{.from = from, .to = to};
    return outcome;
  };
  EXPECT_TRUE(was_held_by_restart(booted(4900ms, 8s), 5s));
  EXPECT_TRUE(was_held_by_restart(booted(5500ms, 8s), 5s));
  EXPECT_FALSE(was_held_by_restart(booted(5500ms, 5502ms), 5s)) << "no time at all";
  EXPECT_FALSE(was_held_by_restart(booted(1s, 4s), 5s)) << "before";
  EXPECT_FALSE(was_held_by_restart(booted(7s, 12s), 5s)) << "after";
}

// Machines that were let down wait for minutes before they fail; nobody waits so long for them.
TEST(FleetCause, IsTheRestartWhereTheRunIsCutShortSoonAfterIt) {
  FleetOptions options = options_of({"--clients", "30", "--restart", "1ms"});
  options.cut_off = 10s;
  FleetResult result = run(options);
  EXPECT_EQ(result.tally.failed, 0U);
  const auto cause = find_cause(options, result);
  ASSERT_TRUE(cause);
  EXPECT_THAT(cause->why, HasSubstr("30 of the 30 machines that failed or had not ended waited"));
  // By a signal too: machines that wait for a dead server's word do not go well.
  result.ran_out_of_time = false;
  result.stopped = true;
  ASSERT_TRUE(find_cause(options, result));
  EXPECT_EQ(find_cause(options, result)->name, "restart");
}

TEST(FleetCause, IsNoRestartWhereMachinesWaitForSomethingElseWhenTheRunIsCutShort) {
  FleetResult result = cut_short();
  result.ran_out_of_time = true;
  result.held_by_restart = {.booted = 10, .under_way = 2};
  EXPECT_NE(find_cause(options_of({}), result)->name, "restart");
}

TEST(FleetCause, IsNotSureWhereTheGeneratorFellBehind) {
  FleetResult result = silent_tftp();
  EXPECT_THAT(fleet_report_text(options_of({}), result), HasSubstr("why:   1200 of 1200 RRQs"));
  result.tally.timer_lateness.record(5s, 200);
  const std::string text = fleet_report_text(options_of({}), result);
  EXPECT_THAT(text, HasSubstr("maybe: 1200 of 1200 RRQs"));
  EXPECT_THAT(text, Not(HasSubstr("why:")));
}

TEST(FleetCause, IsTheServerThatEndedByItself) {
  FleetResult result = silent_tftp();
  result.server.death = "dnsmasq of the lab ended by itself";
  EXPECT_EQ(find_cause(options_of({}), result)->name, "server ended");
}

}  // namespace
}  // namespace pxeproof::cli
