// The program itself: its streams, its files and its exit codes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::HasSubstr;

const std::vector<std::string> kTwoOffers{"fleet", "--time",  "virtual", "--clients",
                                          "2",     "--until", "offer"};

TEST(FleetVerb, KeepsItsReportWhenStandardErrorCannotBeWritten) {
  for (const char* redirection : {"2>/dev/full", "2>&-"}) {
    const ProgramRun run = run_pxeproof_redirected(redirection, kTwoOffers);
    EXPECT_EQ(run.exit_code, 0) << redirection;
    EXPECT_THAT(run.output, HasSubstr("2 of 2 booted")) << redirection;
  }
}

TEST(FleetVerb, EndsWithThreeWhenAReportDoesNotFitOnTheDisk) {
  for (const char* option : {"--json", "--jsonl", "--html"}) {
    std::vector<std::string> words = kTwoOffers;
    words.insert(words.end(), {option, "/dev/full"});
    EXPECT_EQ(run_pxeproof(words).exit_code, 3) << option;
  }
}

TEST(EveryVerb, EndsWithItsOwnCodeWhenStandardErrorCannotBeWritten) {
  for (const char* verb : {"fleet", "boot", "serve", "explain", "nonsense"}) {
    EXPECT_EQ(run_pxeproof_redirected("2>/dev/full", {verb, "--no-such-option"}).exit_code, 2)
        << verb;
  }
}

}  // namespace
}  // namespace pxeproof::testing
