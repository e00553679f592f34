// `pxeproof record --from`: a boot among other traffic, chosen, cut and made anonymous. Capturing
// itself is tests/real/record_boot.sh.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "protocol/time.h"
#include "tests/cli/run_pxeproof.h"
#include "tests/support/fault_captures.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The captures under these names, an hour between them.
std::string saved(const ScratchDirectory& scratch, const std::vector<std::string_view>& names) {
  CaptureScript script;
  Duration later{0};
  for (const std::string_view name : names) {
    for (const auto& list : {fault_captures(), healthy_captures()}) {
      for (const FaultCapture& capture : list) {
        if (capture.name != name) continue;
        for (CaptureScript::Frame frame : capture.script.frames) {
          frame.at += later;
          script.frames.push_back(std::move(frame));
        }
      }
    }
    later += std::chrono::hours(1);
  }
  const std::string file = scratch.path("saved.pcap");
  save(script, file);
  return file;
}

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

// The file was anonymous, and what the terminal showed of it named the machines.
TEST(RecordVerb, TellsNoNamesOfAnAnonymousBoot) {
  const ScratchDirectory scratch;
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease_with_proxy(client, {.siaddr = kProxy.address,
                                   .file = "boot/52-54-00-12-34-56.efi",
                                   .vendor_class = "PXEClient",
                                   .vendor = control_vendor(8)});
  script.miss(client, kProxy, "boot/52-54-00-12-34-56.efi");
  const std::string boot = scratch.path("boot.pcap");
  ASSERT_EQ(save(script, boot), boot);
  const std::string report = scratch.path("record.json");
  const ProgramRun named =
      run_pxeproof({"record", "--from", boot, "--output", scratch.path("named.pcapng")});
  const ProgramRun run =
      run_pxeproof({"record", "--from", boot, "--anonymize", "--seed", "7", "--json", report,
                    "--output", scratch.path("anonymous.pcapng")});
  std::ifstream stream(report);
  const std::string json{std::istreambuf_iterator<char>(stream), {}};
  for (const std::string_view name : {"52-54-00-12-34-56", "10.0.0.9"}) {
    EXPECT_THAT(named.output, HasSubstr(std::string(name)));
    EXPECT_THAT(run.output, Not(HasSubstr(std::string(name))));
    EXPECT_THAT(json, Not(HasSubstr(std::string(name))));
  }
  EXPECT_THAT(run.output, HasSubstr("DISCOVER"));
  EXPECT_THAT(json, AllOf(HasSubstr("52:54:00:00:00:0"), HasSubstr("boot/52-54-00-00-00-0")));
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

struct RecordedFile {
  int exit_code = 0;
  std::string state;
  std::size_t frames = 0;
};
RecordedFile record(const std::string& file, const std::vector<std::string>& options) {
  const ScratchDirectory scratch;
  std::vector<std::string> words{"record",
                                 "--from",
                                 file,
                                 "--output",
                                 scratch.path("out.pcapng"),
                                 "--json",
                                 scratch.path("report.json")};
  words.insert(words.end(), options.begin(), options.end());
  const ProgramRun run = run_pxeproof(words);
  std::ifstream stream(scratch.path("report.json"));
  const auto json = nlohmann::json::parse(stream, nullptr, false);
  EXPECT_TRUE(json.is_object()) << run.output;
  return {run.exit_code, json.value("state", ""), json.value("frames", std::size_t{0})};
}

// --until was ignored, and everything written.
TEST(RecordVerb, StopsReadingAFileAtTheEndThatWasAskedFor) {
  const ScratchDirectory scratch;
  const RecordedFile one = record(saved(scratch, {"edk2-memtest"}), {});
  const std::string two = saved(scratch, {"edk2-memtest", "edk2-memtest"});
  EXPECT_EQ(record(two, {}).frames, 2 * one.frames);

  const RecordedFile booted = record(two, {"--until", "booted"});
  EXPECT_EQ(booted.exit_code, 0);
  EXPECT_EQ(booted.state, "booted");
  EXPECT_EQ(booted.frames, one.frames);

  const RecordedFile timed = record(two, {"--until", "1s"});
  EXPECT_EQ(timed.exit_code, 0);
  EXPECT_LT(timed.frames, one.frames);
  EXPECT_GT(timed.frames, 0U);
  // As live: the time is over, and it has not booted.
  EXPECT_EQ(record(two, {"--until", "booted,1s"}).exit_code, 1);
  EXPECT_EQ(record(two, {"--until", "booted,90s"}).exit_code, 0);
}

TEST(RecordVerb, StopsReadingAFileWhereABootStalls) {
  const ScratchDirectory scratch;
  const RecordedFile one = record(saved(scratch, {"r07-answer-without-file"}), {});
  const std::string two = saved(scratch, {"r07-answer-without-file", "edk2-memtest"});
  const RecordedFile stalled = record(two, {"--until", "stalled"});
  EXPECT_EQ(stalled.exit_code, 1);
  EXPECT_EQ(stalled.state, "stalled");
  EXPECT_EQ(stalled.frames, one.frames);
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
