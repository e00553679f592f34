// `pxeproof explain` as a user runs it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run_pxeproof.h"
#include "tests/support/fault_captures.h"
#include "trace/capture_file.h"
#include "trace/rules/rule.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// The capture under this name, with somebody else's frame after its silence.
std::string saved(const ScratchDirectory& scratch, std::string_view name) {
  for (const auto& list : {fault_captures(), healthy_captures()}) {
    for (const FaultCapture& capture : list) {
      if (capture.name != name) continue;
      CaptureScript script = capture.script;
      script.wait(capture.silence).frame(Bytes(60, 0));
      return save(script, scratch.path(std::string(name) + ".pcap"));
    }
  }
  ADD_FAILURE() << "no capture " << name;
  return {};
}

std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char octet) { return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80U; }));
}

TEST(ExplainVerb, TellsCauseEvidenceFixAndHowToVerify) {
  const ScratchDirectory scratch;
  const ProgramRun run = run_pxeproof({"explain", saved(scratch, "r07-answer-without-file")});
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(
      run.output,
      AllOf(HasSubstr("52:54:00:12:34:56"), HasSubstr("EDK2"), HasSubstr("STALLED"),
            HasSubstr("R07 boot-server-answer-without-file"), HasSubstr("certain"),
            HasSubstr("pxe-service=BC_EFI,\"Network boot\",grubx64.efi"),
            HasSubstr("pxeproof boot --interface IF"), HasSubstr("--arch 9"), HasSubstr("others"),
            HasSubstr("expected"), HasSubstr("seen"), HasSubstr("again")));
}

TEST(ExplainVerb, FitsAScreen) {
  const ScratchDirectory scratch;
  std::size_t number = 0;
  for (const FaultCapture& capture : fault_captures()) {
    if (capture.name == "r16-tftp-max") continue;  // a table of 52 machines
    if (number++ % 4 != 0) continue;               // each run of the program takes its time
    const ProgramRun run = run_pxeproof({"explain", saved(scratch, capture.name)});
    std::istringstream text(run.output);
    std::size_t lines = 0;
    for (std::string line; std::getline(text, line); ++lines) {
      EXPECT_LE(columns(line), 100U) << capture.name << "\n" << line;
    }
    EXPECT_LE(lines, 50U) << run.output;
  }
}

TEST(ExplainVerb, CallsABootThatWorkedSo) {
  const ScratchDirectory scratch;
  for (const FaultCapture& capture : healthy_captures()) {
    const ProgramRun run = run_pxeproof({"explain", saved(scratch, capture.name)});
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, Not(HasSubstr("cause"))) << capture.name;
    const bool waits = capture.name == "menu-that-waits";
    EXPECT_THAT(run.output, HasSubstr(waits ? "waits for a key" : "BOOTED")) << capture.name;
  }
}

TEST(ExplainVerb, WritesAReport) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("report.json");
  const ProgramRun run = run_pxeproof({"explain", saved(scratch, "r09-ipxe-loop"), "--json", file});
  EXPECT_EQ(run.exit_code, 1) << run.output;
  std::ifstream stream(file);
  const auto report = nlohmann::json::parse(stream);
  EXPECT_EQ(report["schema"], "pxeproof/explain/1");
  EXPECT_EQ(report["fault"], true);
  ASSERT_EQ(report["boots"].size(), 1U);
  EXPECT_EQ(report["boots"][0]["faults"][0]["rule"], "R09");
  EXPECT_EQ(report["boots"][0]["faults"][0]["confidence"], "certain");
  EXPECT_GE(report["boots"][0]["faults"][0]["packets"].size(), 2U);
  EXPECT_EQ(report["boots"][0]["firmware"]["family"], "EDK2");
}

TEST(ExplainVerb, DrawsOnlyTheLadderWhenAsked) {
  const ScratchDirectory scratch;
  const std::string file = saved(scratch, "edk2-memtest");
  for (const std::string format : {"text", "md", "svg", "json"}) {
    const ProgramRun run = run_pxeproof({"explain", file, "--ladder", format});
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, HasSubstr("DISCOVER")) << format;
  }
  EXPECT_EQ(run_pxeproof({"explain", file, "--ladder", "jpeg"}).exit_code, 2);
}

TEST(ExplainVerb, PrintsTheLaddersOfSeveralBootsAsOneDocument) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("two.pcap");
  CaptureScript script;
  for (const FaultCapture& capture : healthy_captures()) {
    if (capture.name != "edk2-memtest") continue;
    script = capture.script;
    for (CaptureScript::Frame frame : capture.script.frames) {
      frame.at += std::chrono::hours(1);
      script.frames.push_back(std::move(frame));
    }
  }
  save(script, file);
  const ProgramRun json = run_pxeproof({"explain", file, "--ladder", "json"});
  const auto ladders = nlohmann::json::parse(json.output);
  EXPECT_EQ(ladders.size(), 2U);
  const ProgramRun svg = run_pxeproof({"explain", file, "--ladder", "svg"});
  EXPECT_EQ(svg.output.find("</svg>\n</svg>\n"), svg.output.size() - 14) << svg.output;
  EXPECT_EQ(run_pxeproof({"explain", file, "--ladder", "json", "--boot", "2"}).output.front(), '{');
}

TEST(ExplainVerb, JudgesAsAnotherFirmware) {
  const ScratchDirectory scratch;
  const std::string file = saved(scratch, "r06-siaddr-0");
  const ProgramRun run = run_pxeproof({"explain", file, "--as", "edk2"});
  EXPECT_THAT(run.output, AllOf(HasSubstr("taken for"), HasSubstr("iPXE would")));
  const ProgramRun unknown = run_pxeproof({"explain", file, "--as", "ekd2"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean edk2?"));
}

TEST(ExplainVerb, ListsItsRules) {
  const ProgramRun run = run_pxeproof({"explain", "--rules", "list"});
  EXPECT_EQ(run.exit_code, 0);
  for (const trace::Rule& rule : trace::rules()) {
    EXPECT_THAT(run.output, HasSubstr(std::string(rule.name)));
  }
}

TEST(ExplainVerb, TellsBadInputFromNothingToExplain) {
  const ScratchDirectory scratch;
  EXPECT_EQ(run_pxeproof({"explain"}).exit_code, 2);
  EXPECT_EQ(run_pxeproof({"explain", scratch.path("missing.pcap")}).exit_code, 2);
  EXPECT_EQ(run_pxeproof({"explain", scratch.write("text.pcap", "no capture")}).exit_code, 2);
  CaptureScript script;
  script.frame(Bytes(60, 0));
  const ProgramRun nothing = run_pxeproof({"explain", save(script, scratch.path("nothing.pcap"))});
  EXPECT_EQ(nothing.exit_code, 4) << nothing.output;
  EXPECT_THAT(nothing.output, HasSubstr("no network boot"));
  EXPECT_EQ(run_pxeproof({"explain", saved(scratch, "edk2-memtest"), "--boot", "9"}).exit_code, 4);
}

// UEFI's PXE over IPv6 only: it was "no network boot" without a word why.
TEST(ExplainVerb, SaysThatBootsOverIpv6AreNotRead) {
  const ScratchDirectory scratch;
  Bytes solicit(14 + 40 + 8 + 20, 0);
  solicit[12] = 0x86;
  solicit[13] = 0xdd;
  solicit[14] = 0x60;
  solicit[14 + 6] = 17;
  constexpr std::size_t kPorts = 14 + 40;
  solicit[kPorts] = 546 >> 8;
  solicit[kPorts + 1] = 546 & 0xff;
  solicit[kPorts + 2] = 547 >> 8;
  solicit[kPorts + 3] = 547 & 0xff;
  CaptureScript script;
  script.frame(solicit).frame(solicit);
  const ProgramRun run = run_pxeproof({"explain", save(script, scratch.path("six.pcap"))});
  EXPECT_EQ(run.exit_code, 4) << run.output;
  EXPECT_THAT(run.output, HasSubstr("2 packets of DHCPv6"));
}

// A capture that just ends does not show what the screen says.
TEST(ExplainVerb, InventsNoWordsOnTheScreenOfABootThatGoesOn) {
  const ScratchDirectory scratch;
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease_with_proxy(client, {.siaddr = kProxy.address});
  const ProgramRun run = run_pxeproof({"explain", save(script, scratch.path("ends.pcap"))});
  EXPECT_THAT(run.output, AllOf(HasSubstr("UNFINISHED"), Not(HasSubstr("its screen shows"))));
}

TEST(ExplainVerb, TellsSeveralMachinesApart) {
  const ScratchDirectory scratch;
  const std::string file = saved(scratch, "two-machines");
  const ProgramRun run = run_pxeproof({"explain", file});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("2 boots"), HasSubstr("52:54:00:12:34:77")));
  EXPECT_THAT(run_pxeproof({"explain", file, "--mac", "52:54:00:12:34:77"}).output,
              AllOf(HasSubstr("boot 2: 52:54:00:12:34:77"), Not(HasSubstr("boot 1:"))));
}

}  // namespace
}  // namespace pxeproof::testing
