// Whole fleets in virtual time: the article's boot against the built-in server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "cli/boot_lab.h"
#include "cli/fleet_limit.h"
#include "cli/fleet_report.h"
#include "firmware/profile.h"
#include "tests/cli/virtual_fleet.h"
#include "tests/support/scratch.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Nobody is left hanging, and whoever failed says why.
void expect_all_ended(const FleetResult& result) {
  const rom::FleetTally& tally = result.tally;
  EXPECT_EQ(tally.booted + tally.failed, tally.planned);
  EXPECT_EQ(tally.under_way(), 0U);
  EXPECT_EQ(tally.open_transfers, 0U);
  EXPECT_EQ(tally.unanswered, 0U);
  std::uint64_t explained = 0;
  for (const auto& [kind, failure] : tally.failures) {
    EXPECT_FALSE(kind.reason.empty());
    explained += failure.count;
  }
  EXPECT_EQ(explained, tally.failed);
}

TEST(VirtualFleet, EveryMachineBootsAndEveryOctetIsCompared) {
  const FleetResult result = run(options_of({"--clients", "30"}));
  expect_all_ended(result);
  EXPECT_EQ(result.tally.booted, 30U);
  EXPECT_EQ(result.tally.files_checked, 30U * 4);
  EXPECT_EQ(result.tally.files_unchecked, 0U);
  const rom::LedgerRow& files = result.tally.ledger.row(rom::Exchange::File);
  EXPECT_EQ(files.planned, 30U * 14);
  // An ERROR answers one name, and the request for the next waits from then on.
  EXPECT_EQ(result.tally.answer_wait.count(), 30U * 14);
  EXPECT_EQ(files.received, files.used);
  EXPECT_EQ(result.tally.span(rom::Span::Boot).count(), 30U);
}

TEST(VirtualFleet, OneSeedGivesOneReport) {
  const FleetOptions options =
      options_of({"--clients", "25", "--arrive", "rate=400/s", "--link",
                  "50%:loss=5%,delay=1ms,jitter=1ms", "--restart", "40ms", "--seed", "7"});
  const FleetResult first = run(options);
  const FleetResult second = run(options);
  expect_all_ended(first);
  EXPECT_EQ(fleet_report_text(options, first), fleet_report_text(options, second));
  EXPECT_EQ(fleet_report_json(options, first), fleet_report_json(options, second));
  FleetOptions other = options;
  other.seed = 8;
  EXPECT_NE(fleet_report_json(options, first), fleet_report_json(other, run(other)));
}

TEST(VirtualFleet, EndsBehindBadCables) {
  const FleetResult result = run(options_of(
      {"--clients", "30", "--link", "50%:loss=20%,duplicate=5%,reorder=5%", "--seed", "3"}));
  expect_all_ended(result);
  const rom::LedgerRow& blocks = result.tally.ledger.row(rom::Exchange::Block);
  EXPECT_GT(blocks.lost_on_cable, 0U);
  EXPECT_GT(blocks.answers_lost_on_cable, 0U);
}

TEST(VirtualFleet, CountsAsReceivedWhatItsCablesLeft) {
  const FleetResult result = run(options_of({"--clients", "30", "--link", "loss=20%"}));
  const rom::LedgerRow& requests = result.tally.ledger.row(rom::Exchange::Request);
  EXPECT_GT(requests.answers_lost_on_cable, 0U);
  // One server gives addresses: each request that left the cable has one answer.
  EXPECT_EQ(requests.received + requests.answers_lost_on_cable,
            requests.asked - requests.lost_on_cable);
  EXPECT_GE(requests.received, requests.used);
}

TEST(VirtualFleet, SurvivesAServerThatDiesInTheMiddle) {
  const FleetResult result = run(options_of(
      {"--clients", "25", "--arrive", "storm=100ms", "--restart", "50ms", "--restart", "1500ms"}));
  expect_all_ended(result);
  EXPECT_GT(result.tally.booted, 0U);
}

TEST(VirtualFleet, BootsThroughRelays) {
  const FleetResult result = run(options_of({"--clients", "24", "--relays", "5"}));
  expect_all_ended(result);
  EXPECT_EQ(result.tally.booted, 24U);
}

TEST(VirtualFleet, WaitsForSwitchPortsThatAreBlocked) {
  // The ROM gives up its DISCOVERs after 15 s and a port is blocked for 30 s.
  const FleetResult late = run(options_of({"--clients", "5", "--arrive", "stp=30s"}));
  expect_all_ended(late);
  EXPECT_EQ(late.tally.failed, 5U);
  // The second DISCOVER gets through, after one second.
  const FleetResult early = run(options_of({"--clients", "5", "--arrive", "stp=500ms"}));
  EXPECT_EQ(early.tally.booted, 5U);
  EXPECT_GT(early.tally.span(rom::Span::Boot).minimum(), 1s);
  // The third, after three: by then this firmware no longer waits for a proxy's offer, and takes
  // the address that comes first.
  const FleetResult between = run(options_of({"--clients", "5", "--arrive", "stp=2s"}));
  EXPECT_EQ(between.tally.failures.begin()->first.reason, "no server named a file to boot");
}

// They boot within one moment of virtual time, which no signal had to wait for.
TEST(VirtualFleet, SaysWhoWouldHaveArrivedAfterItsDuration) {
  const FleetOptions options =
      options_of({"--clients", "10", "--arrive", "rate=1/s", "--duration", "2500ms"});
  const FleetResult result = run(options);
  EXPECT_EQ(result.tally.planned, 3U);
  EXPECT_THAT(fleet_report_text(options, result), HasSubstr("7 more were to arrive after"));
}

TEST(VirtualFleet, IsStoppedInTheMiddleOfAStorm) {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &interrupt, nullptr), 0);
  pthread_kill(pthread_self(), SIGINT);
  const FleetResult result = run(options_of({"--clients", "30"}));
  pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
  EXPECT_TRUE(result.stopped);
  EXPECT_FALSE(result.tally.is_over());
}

class PoolOfTen : public ::testing::Test {
 protected:
  PoolOfTen() : file_(pxeproof::testing::scratch("pool.conf")) {
    std::ofstream(file_) << "port=0\ndhcp-range=10.9.0.10,10.9.0.19,255.255.255.0\n"
                            "dhcp-boot=nothing.0\n";
  }
  ~PoolOfTen() override {
    std::error_code error;
    std::filesystem::remove(file_, error);
  }
  std::filesystem::path file_;
};

TEST_F(PoolOfTen, RunsDryAndIsNamedAsTheCause) {
  const FleetOptions options =
      options_of({"--clients", "25", "--until", "4011", "--against", file_.string()});
  const FleetResult result = run(options);
  expect_all_ended(result);
  EXPECT_EQ(result.tally.leases, 10U);
  EXPECT_EQ(result.tally.failed, 15U);
  const auto cause = find_cause(options, result);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name, "address pool");
  EXPECT_THAT(fleet_report_text(options, result), HasSubstr("all 10 of the pool are leased"));
}

TEST_F(PoolOfTen, IsChangedByALineThatStandsBehindIt) {
  std::ofstream(file_, std::ios::app) << "tftp-max=2\n";
  const auto lab = prepare_lab({BootTarget::Server::Builtin, file_.string()}, ArticleFor::Bios,
                               {"tftp-max=600", "dhcp-boot=other.0"});
  ASSERT_TRUE(lab) << lab.error().message;
  EXPECT_EQ(lab->configuration.tftp.maximum_transfers, 600U);
  EXPECT_THAT(lab->extended, HasSubstr("#tftp-max=2\n"));
  EXPECT_THAT(lab->extended, HasSubstr("\ndhcp-boot=nothing.0\n")) << "it may stand twice";
}

std::string content_of(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(FleetOptions, AreSaidAgainAsAShellTakesThem) {
  const std::string profile = pxeproof::testing::scratch("my own.toml");
  std::ofstream(profile) << *firmware::builtin_profile_text("ipxe-bios");
  EXPECT_THAT(options_of({"--mix", profile + "=2", "--arrive", "rate=5/s"}).again(),
              HasSubstr("--arrive rate=5/s --mix '" + profile + "=2' --against builtin"));
  FleetOptions options = options_of({});
  options.target.configuration_file = "my own.conf";
  EXPECT_THAT(options.again(), HasSubstr("--against 'builtin:my own.conf'"));
}

TEST(FleetOutputs, AreNeverTheProfilesOfTheMix) {
  const std::string profile = pxeproof::testing::scratch("mine.toml");
  std::ofstream(profile) << *firmware::builtin_profile_text("ipxe-bios");
  for (const char* option : {"--json", "--jsonl", "--html"}) {
    const auto options = read_words({"--mix", profile, option, profile});
    ASSERT_FALSE(options) << option;
    EXPECT_EQ(options.error().code, ExitCode::WrongUsage);
    EXPECT_THAT(options.error().message, HasSubstr("a profile of --mix itself"));
  }
}

TEST(FleetOutputs, AreNeverInTheServersTree) {
  const std::string root = pxeproof::testing::scratch("tree");
  std::filesystem::create_directories(root);
  std::ofstream(root + "/boot.0") << "octets";
  const std::string file = pxeproof::testing::scratch("tree.conf");
  std::ofstream(file) << "port=0\ndhcp-range=10.9.0.10,10.9.0.19,255.255.255.0\n"
                         "dhcp-boot=boot.0\nenable-tftp\ntftp-root="
                      << root << "\n";
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"--json", root + "/boot.0"},
           {"--jsonl", root + "/../tree/new"},
           {"--keep-failures", "1", "--keep-in", root + "/kept"}}) {
    std::vector<std::string> all{"--clients", "1", "--against", file};
    all.insert(all.end(), words.begin(), words.end());
    const FleetOptions options = options_of(all);
    const auto result = run_virtual_fleet(options, 1);
    ASSERT_FALSE(result) << words[0];
    EXPECT_EQ(result.error().code, ExitCode::WrongUsage);
    EXPECT_THAT(result.error().message, HasSubstr("tftp-root"));
  }
  EXPECT_EQ(content_of(root + "/boot.0"), "octets");
}

TEST(FleetOptions, AreRefusedWhereTheyWouldBeIgnored) {
  const Syntax syntax{.verb = "fleet",
                      .purpose = "",
                      .options = fleet_option_specs(),
                      .positionals = {},
                      .foreign = ForeignOptions::Refuse};
  const auto message_of = [&syntax](const std::vector<std::string>& words) {
    const auto arguments = parse_arguments(syntax, words);
    EXPECT_TRUE(arguments);
    const auto options = read_fleet_options(*arguments);
    return options ? std::string() : options.error().message;
  };
  EXPECT_THAT(message_of({"--find-limit", "boot.p99<1s", "--json", "x"}), HasSubstr("--json"));
  EXPECT_THAT(message_of({"--interface", "eth0", "--set", "tftp-max=1"}), HasSubstr("--set"));
  EXPECT_THAT(message_of({"--interface", "eth0", "--relays", "4"}), HasSubstr("--relays"));
  EXPECT_THAT(message_of({"--find-limit", "boot.p99<1s", "--clients", "5", "--arrive", "rate=5/s"}),
              HasSubstr("--clients"));
  EXPECT_THAT(message_of({"--find-limit", "boot.p99<1s", "--keep-failures", "5"}),
              HasSubstr("--keep-failures"));
  EXPECT_THAT(message_of({"--find-limit", "boot.p99<1s", "-v"}), HasSubstr("-v"));
  EXPECT_THAT(message_of({"--time", "virtual", "-v"}), HasSubstr("-v"));
  EXPECT_THAT(message_of({"--yes"}), HasSubstr("--interface"));
  EXPECT_THAT(message_of({"--no-wire", "--time", "virtual"}), HasSubstr("--no-wire"));
  EXPECT_THAT(message_of({"--keep-in", "x"}), HasSubstr("--keep-failures"));
  EXPECT_THAT(message_of({"--arrive", "racks=1000000x1000000@1s"}), HasSubstr("1000000"));
  EXPECT_THAT(message_of({"--arrive", "rate=1e-300/s"}), HasSubstr("0.001/s"));
  EXPECT_THAT(message_of({"--arrive", "racks=1000x1@100000000s"}), HasSubstr("30 years"));
  EXPECT_THAT(message_of({"--arrive", "rate=10000/s", "--duration", "1h"}),
              HasSubstr("36000000 machines"));
}

TEST(FleetReport, HasTheServersLastWordsWhereTheyAreAskedFor) {
  FleetOptions options = options_of({});
  FleetResult result;
  result.server_words = {"dnsmasq: no address range available"};
  EXPECT_THAT(fleet_report_text(options, result), Not(HasSubstr("no address range")));
  options.verbosity = 1;
  EXPECT_THAT(fleet_report_text(options, result), HasSubstr("no address range available"));
}

TEST(FleetLimit, IsNotInventedFromATrialThatWasInterrupted) {
  const FleetOptions options = options_of({"--find-limit", "boot.p99<1s"});
  int trials = 0;
  const auto run_trial = [&trials](const FleetOptions& tried) -> Outcome<FleetTrial> {
    FleetTrial trial;
    trial.load = static_cast<double>(tried.clients);
    trial.holds = ++trials == 1;
    trial.stopped = trials == 2;
    return trial;
  };
  const auto limit = find_limit(options, run_trial, [](const FleetTrial&) {});
  ASSERT_TRUE(limit);
  EXPECT_TRUE(limit->stopped);
  EXPECT_EQ(trials, 2);
  EXPECT_EQ(limit->fails_at, 0);
  EXPECT_THAT(limit_text(options, *limit), HasSubstr("stopped before the limit"));
}

// Of fifty at once, and the one load at which nothing tells why.
TEST(FleetLimit, BeginsWhereItIsToldAndNamesWhatMoreLoadShowed) {
  const FleetOptions options = options_of({"--find-limit", "boot.p99<1s", "--clients", "500"});
  std::vector<std::size_t> loads;
  const auto run_trial = [&loads](const FleetOptions& tried) -> Outcome<FleetTrial> {
    loads.push_back(tried.clients);
    FleetTrial trial;
    trial.load = static_cast<double>(tried.clients);
    trial.holds = tried.clients <= 50;
    if (tried.clients > 60) trial.cause_name = trial.cause = "tftp-max";
    return trial;
  };
  const auto limit = find_limit(options, run_trial, [](const FleetTrial&) {});
  ASSERT_TRUE(limit);
  EXPECT_EQ(loads.front(), 500U);
  EXPECT_LE(limit->holds_at, 50);
  EXPECT_GT(limit->fails_at, 50);
  EXPECT_LT(limit->fails_at, 60);
  EXPECT_THAT(limit_text(options, *limit), HasSubstr("first limit: tftp-max"));
}

TEST(FleetExit, OwnLossesAreNoVerdictAboutTheServer) {
  const FleetOptions options = options_of({"--clients", "1"});
  FleetResult result;
  result.tally.planned = result.tally.powered_on = 1;
  result.tally.failed = 1;
  EXPECT_EQ(exit_code(result, judge(options, result)), ExitCode::TestedThingFailed);
  result.harness.dropped = 1;
  EXPECT_EQ(exit_code(result, judge(options, result)), ExitCode::EnvironmentFailed);
  EXPECT_EQ(exit_code(FleetResult{}, {}), ExitCode::NothingTested);
}

FleetResult thousand_boots() {
  FleetResult result;
  result.tally.planned = result.tally.powered_on = result.tally.booted = 1000;
  for (int i = 0; i < 1000; ++i) {
    result.tally.spans[static_cast<std::size_t>(rom::Span::Boot)].record(2s);
    result.tally.power_on_lateness.record(10us);
    result.tally.timer_lateness.record(10us);
  }
  return result;
}

TEST(FleetExit, AGeneratorWhoseTimersFellBehindIsNoVerdictAboutTheServer) {
  FleetResult result = thousand_boots();
  EXPECT_EQ(result.own_fault(), "");
  for (int i = 0; i < 100; ++i) result.tally.timer_lateness.record(4s);
  EXPECT_THAT(result.own_fault(), HasSubstr("fell behind"));
  EXPECT_EQ(exit_code(result, {}), ExitCode::EnvironmentFailed);
  result.tally.booted = 0;
  EXPECT_THAT(result.own_fault(), HasSubstr("fell behind")) << "though nothing booted";
}

// Behind a slow server, a tenth of a boot is longer than any ROM waits.
TEST(FleetExit, ASlowServerDoesNotExcuseTimersThatAreLate) {
  FleetResult result = thousand_boots();
  auto& boots = result.tally.spans[static_cast<std::size_t>(rom::Span::Boot)];
  for (int i = 0; i < 2000; ++i) boots.record(60s);
  for (int i = 0; i < 100; ++i) result.tally.timer_lateness.record(2s);
  EXPECT_THAT(result.own_fault(), HasSubstr("fell behind"));
}

TEST(FleetExit, WhatTheGeneratorsOwnLatenessBreaksIsUndecided) {
  FleetOptions options = options_of({"--clients", "1000", "--threshold", "boot.p99<1950ms"});
  FleetResult result = thousand_boots();
  for (int i = 0; i < 1000; ++i) result.tally.power_on_lateness.record(150ms);
  const auto verdicts = judge(options, result);
  EXPECT_TRUE(std::ranges::any_of(verdicts, &ThresholdVerdict::is_undecided));
  EXPECT_EQ(exit_code(result, verdicts), ExitCode::EnvironmentFailed);
  EXPECT_THAT(fleet_report_text(options, result), HasSubstr("may be the generator's own"));
  options.thresholds = options_of({"--clients", "1", "--threshold", "boot.p99<1s"}).thresholds;
  EXPECT_EQ(exit_code(result, judge(options, result)), ExitCode::TestedThingFailed);
}

// Where no tree is there to compare with, the size that the server names is all that is known.
TEST(FleetExit, AFileOfAnotherSizeThanIsNamedIsNoSuccess) {
  const FleetOptions options = options_of({"--clients", "1000"});
  FleetResult result = thousand_boots();
  EXPECT_EQ(exit_code(result, judge(options, result)), ExitCode::AsExpected);
  result.tally.files_missized = 3;
  EXPECT_EQ(exit_code(result, judge(options, result)), ExitCode::TestedThingFailed);
  EXPECT_THAT(fleet_report_text(options, result),
              HasSubstr("3 files were not of the size that the server had named"));
}

TEST(FleetExit, MachinesThatWereNeverPoweredOnHaveNotFailedToEnd) {
  const FleetOptions options = options_of({"--clients", "1000"});
  FleetResult result = thousand_boots();
  result.stopped = true;
  result.tally.planned = 1020;
  EXPECT_THAT(fleet_report_text(options, result),
              AllOf(HasSubstr("0 failed, 20 never powered on"), HasSubstr("20 were never")));
}

TEST(FleetExit, ASmallFleetIsNotCondemnedByItsLatestMachine) {
  FleetResult result;
  result.tally.planned = result.tally.powered_on = result.tally.booted = 30;
  for (int i = 0; i < 29; ++i) result.tally.power_on_lateness.record(10us);
  result.tally.power_on_lateness.record(50ms);
  result.tally.spans[static_cast<std::size_t>(rom::Span::Boot)].record(100ms);
  EXPECT_EQ(result.own_fault(), "");
}

}  // namespace
}  // namespace pxeproof::cli
