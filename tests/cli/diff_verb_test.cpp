// `pxeproof diff` on captures of `pxeproof boot --save`: our server, dnsmasq, and broken ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/cli/run_pxeproof.h"
#include "tests/support/capture_script.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A boot in the lab, captured.
std::string capture(const ScratchDirectory& scratch, const std::string& name,
                    const std::vector<std::string>& options) {
  const std::string file = scratch.path(name);
  std::vector<std::string> words{"boot", "--save", file};
  words.insert(words.end(), options.begin(), options.end());
  const ProgramRun run = run_pxeproof(words);
  EXPECT_LE(run.exit_code, 1) << run.output;
  return file;
}

nlohmann::json diff_json(const std::string& good, const std::string& bad) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("diff.json");
  run_pxeproof({"diff", good, bad, "--json", file});
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

// The same capture as tcpdump -s would have written it.
std::string cut_frames(const ScratchDirectory& scratch, const std::string& capture,
                       std::uint32_t snap_length) {
  constexpr std::size_t kFileHeader = 24;
  constexpr std::size_t kRecordHeader = 16;
  constexpr std::size_t kCapturedSize = 8;  // in a record's header
  std::ifstream stream(capture, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(stream)), {});
  std::string cut = whole.substr(0, kFileHeader);
  for (std::size_t at = kFileHeader; at + kRecordHeader <= whole.size();) {
    std::uint32_t size = 0;
    std::memcpy(&size, whole.data() + at + kCapturedSize, sizeof size);
    const std::uint32_t kept = std::min(size, snap_length);
    std::string record = whole.substr(at, kRecordHeader + kept);
    std::memcpy(record.data() + kCapturedSize, &kept, sizeof kept);
    cut += record;
    at += kRecordHeader + size;
  }
  return scratch.write("cut.pcap", cut);
}

// What a snap length left out is no difference; a note says that it was not compared.
TEST(DiffVerb, ComparesNothingThatASnapLengthLeftOut) {
  const ScratchDirectory scratch;
  const std::string whole = capture(scratch, "whole.pcap", {"--until", "config"});
  const std::string cut = cut_frames(scratch, whole, 300);
  const ProgramRun run = run_pxeproof({"diff", whole, cut});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("note  " + cut), HasSubstr("cut by the snap length"),
                                Not(HasSubstr("SEMANTIC"))));
  EXPECT_GT(diff_json(whole, cut)["boots"].at(0)["cut_packets"]["bad"], 0);
}

// The first card's boot was told as one whose program asks for nothing; explain knew better.
TEST(DiffVerb, KnowsABootThatGoesOnByAnotherCard) {
  const ScratchDirectory scratch;
  CaptureScript script;
  ScriptClient rom = edk2_client();
  boot_edk2(script, rom, "ipxe.efi", 9000);
  ScriptClient ipxe = ipxe_client();
  ipxe.mac.octets[5] = 0x99;
  ipxe.guid = rom.guid;
  ipxe.address = Ipv4Address::of(10, 0, 0, 58);
  script.wait(std::chrono::seconds(3));
  script.lease(ipxe, {.siaddr = kProxy.address, .file = "boot.ipxe"});
  script.fetch(ipxe, kProxy, "boot.ipxe", 90).fetch(ipxe, kProxy, "vmlinuz", 9000);
  const std::string file = scratch.path("cards.pcap");
  ASSERT_EQ(save(script, file), file);
  const ProgramRun diff = run_pxeproof({"diff", file, file});
  EXPECT_THAT(diff.output, HasSubstr("it goes on as boot 2"));

  const ProgramRun record =
      run_pxeproof({"record", "--from", file, "--output", scratch.path("out.pcapng")});
  EXPECT_EQ(record.exit_code, 0) << record.output;
  EXPECT_THAT(record.output, HasSubstr("booted: \"vmlinuz\""));
}

TEST(DiffVerb, FindsNothingBetweenABootAndItself) {
  const ScratchDirectory scratch;
  const std::string boot = capture(scratch, "boot.pcap", {"--until", "nbp"});
  const ProgramRun run = run_pxeproof({"diff", boot, boot, "--strict"});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("no difference"));
}

// Another machine and another seed on the same server: nothing but names and times differ.
TEST(DiffVerb, NormalisesTwoMachinesOnOneServer) {
  const ScratchDirectory scratch;
  const std::string one = capture(scratch, "one.pcap", {"--seed", "1", "--until", "config"});
  const std::string other = capture(
      scratch, "other.pcap", {"--seed", "2", "--mac", "52:54:00:aa:bb:cc", "--until", "config"});
  const ProgramRun run = run_pxeproof({"diff", one, other});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("1 MAC address"), Not(HasSubstr("SEMANTIC"))));
}

// docs/differences-from-dnsmasq.md: dnsmasq leaves siaddr out of the proxy offer; the way is the
// same all along.
TEST(DiffVerb, ComparesOurServerWithDnsmasq) {
  const ScratchDirectory scratch;
  const std::string ours = capture(scratch, "ours.pcap", {"--against", "builtin"});
  const std::string theirs = capture(scratch, "theirs.pcap", {"--against", "dnsmasq"});
  const auto report = diff_json(ours, theirs);
  const auto& boot = report["boots"].at(0);
  EXPECT_EQ(boot["aligned"], boot["places"]);
  EXPECT_TRUE(boot["first_fork"].is_null()) << boot.dump(1);
  for (const auto& difference : boot["differences"]) {
    if (difference["rank"] != "semantic") continue;
    EXPECT_EQ(difference["key"], "siaddr") << difference;
  }
  const ProgramRun run = run_pxeproof({"diff", ours, theirs, "--ignore", "OFFER proxy:siaddr"});
  EXPECT_EQ(run.exit_code, 0) << run.output;
}

TEST(DiffVerb, NamesTheFirstForkOfABootThatFailed) {
  const ScratchDirectory scratch;
  scratch.write("tree/other.txt", "no boot file here");
  const std::string broken = scratch.write_article();
  const std::string good = capture(scratch, "good.pcap", {});
  const std::string bad = capture(scratch, "bad.pcap", {"--against", "builtin:" + broken});
  const ProgramRun run = run_pxeproof({"diff", good, bad});
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(run.output, AllOf(HasSubstr("first fork  outcome of file pxelinux.0"),
                                HasSubstr("expected  "), HasSubstr("again     pxeproof diff ")));
}

// A parameter list that differs made it one line of 290 columns.
TEST(DiffVerb, FoldsTheFirstForkToTheWidthOfTheOtherLines) {
  const ScratchDirectory scratch;
  const std::string good = capture(scratch, "good.pcap", {"--as", "edk2-x64"});
  const std::string bad = capture(scratch, "bad.pcap", {"--as", "ipxe-bios", "--until", "offer"});
  const ProgramRun run = run_pxeproof({"diff", good, bad});
  const std::size_t begin = run.output.find("first fork  ");
  ASSERT_NE(begin, std::string::npos) << run.output;
  std::istringstream lines(run.output.substr(begin, run.output.find("\nexpected", begin) - begin));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_GT(count, 1U) << run.output;
}

TEST(DiffVerb, SaysWhatIsWrongWithItsInput) {
  const ScratchDirectory scratch;
  const std::string boot = capture(scratch, "boot.pcap", {"--until", "offer"});
  EXPECT_EQ(run_pxeproof({"diff", boot}).exit_code, 2);
  EXPECT_EQ(run_pxeproof({"diff", boot, scratch.path("nowhere")}).exit_code, 2);
  const ProgramRun as = run_pxeproof({"diff", boot, boot, "--as", "ipxf"});
  EXPECT_EQ(as.exit_code, 2);
  EXPECT_THAT(as.output, HasSubstr("did you mean ipxe?"));
  const ProgramRun ignore = run_pxeproof({"diff", boot, boot, "--ignore", "timing,siadr"});
  EXPECT_EQ(ignore.exit_code, 2);
  EXPECT_THAT(ignore.output, HasSubstr("did you mean \"siaddr\"?"));
  const ProgramRun other = run_pxeproof({"diff", boot, boot, "--mac", "02:00:00:00:00:01"});
  EXPECT_EQ(other.exit_code, 4) << other.output;
  EXPECT_THAT(other.output, HasSubstr("nothing to compare"));
}

}  // namespace
}  // namespace pxeproof::testing
