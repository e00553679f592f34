// `pxeproof record --from`: a boot among other traffic, chosen, cut and made anonymous. Capturing
// itself is tests/real/record_boot.sh.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RecordVerb, MakesTheSameBootAnonymous) {
  const ScratchDirectory scratch;
  const std::string boot = scratch.path("boot.pcap");
  ASSERT_EQ(run_pxeproof({"boot", "--save", boot}).exit_code, 0);
  const std::string anonymous = scratch.path("anonymous.pcapng");
  const ProgramRun run =
      run_pxeproof({"record", "--from", boot, "--anonymize", "--seed", "7", "--output", anonymous});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("booted: "));
  const ProgramRun diff = run_pxeproof({"diff", boot, anonymous, "--strict"});
  EXPECT_EQ(diff.exit_code, 0) << diff.output;
  EXPECT_THAT(diff.output, AllOf(HasSubstr("1 MAC address"), HasSubstr("no difference")));
  EXPECT_LT(std::filesystem::file_size(anonymous), 100'000U);  // of 160 KiB of files none is in it
}

TEST(RecordVerb, CutsFilesAndReportsAsJson) {
  const ScratchDirectory scratch;
  const std::string boot = scratch.path("boot.pcap");
  ASSERT_EQ(run_pxeproof({"boot", "--until", "nbp", "--save", boot}).exit_code, 0);
  const std::string cut = scratch.path("cut.pcapng");
  const std::string report = scratch.path("record.json");
  const ProgramRun run =
      run_pxeproof({"record", "--from", boot, "--cut-payload", "--output", cut, "--json", report});
  EXPECT_LE(run.exit_code, 1) << run.output;  // the boot was ended after its first file
  std::ifstream stream(report);
  const auto json = nlohmann::json::parse(stream);
  EXPECT_EQ(json["schema"], "pxeproof/record/1");
  EXPECT_EQ(json["lost"], 0);
  EXPECT_GT(json["frames"], 60);
  const ProgramRun diff = run_pxeproof({"diff", boot, cut, "--strict"});
  EXPECT_EQ(diff.exit_code, 0) << diff.output;
}

// What was recorded from one server can be held against another.
TEST(RecordVerb, MakesACaseThatConformReplays) {
  const ScratchDirectory scratch;
  const std::string boot = scratch.path("boot.pcap");
  ASSERT_EQ(run_pxeproof({"boot", "--save", boot}).exit_code, 0);
  const ProgramRun run =
      run_pxeproof({"record", "--from", boot, "--to-case", scratch.path("case")});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("conform --replay "));
  const ProgramRun replay = run_pxeproof({"conform", "--replay", scratch.path("case.pcapng")});
  EXPECT_EQ(replay.exit_code, 0) << replay.output;
}

TEST(RecordVerb, RecordsNothingWhenNobodyBoots) {
  const ScratchDirectory scratch;
  const std::string boot = scratch.path("boot.pcap");
  ASSERT_EQ(run_pxeproof({"boot", "--until", "offer", "--save", boot}).exit_code, 0);
  const ProgramRun run = run_pxeproof({"record", "--from", boot, "--mac", "02:00:00:00:00:01",
                                       "--output", scratch.path("none.pcapng")});
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("expected  "), HasSubstr("again     ")));
}

TEST(RecordVerb, SaysWhatIsWrongWithItsWords) {
  const ScratchDirectory scratch;
  const auto message = [](const std::vector<std::string>& words) {
    const ProgramRun run = run_pxeproof(words);
    EXPECT_EQ(run.exit_code, 2) << run.output;
    return run.output;
  };
  EXPECT_THAT(message({"record"}), HasSubstr("needs an interface"));
  EXPECT_THAT(message({"record", "--interface", "lo", "--until", "soon"}), HasSubstr("90s"));
  EXPECT_THAT(message({"record", "--interface", "lo", "--mac", "x"}), HasSubstr("no MAC address"));
  EXPECT_THAT(
      message({"record", "--from", scratch.path("nowhere"), "--output", scratch.path("out")}),
      AllOf(HasSubstr("nowhere: No such file"), Not(HasSubstr("internal"))));
  const ProgramRun interface =
      run_pxeproof({"record", "--interface", "no-such-if", "--output", scratch.path("out")});
  EXPECT_EQ(interface.exit_code, 3);
  EXPECT_THAT(interface.output, HasSubstr("no-such-if"));
}

}  // namespace
}  // namespace pxeproof::testing
