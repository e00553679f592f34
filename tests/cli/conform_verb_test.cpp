// `pxeproof conform`: what a run with a baseline ends with.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::HasSubstr;

ProgramRun run_with(const std::string& mutant, const std::string& baseline,
                    std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"conform", "TFTP", "--mutant", mutant, "--baseline", baseline});
  return run_pxeproof(more);
}

TEST(ConformVerb, AcceptsWhatItWritesToTheBaseline) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("known.toml");
  const ProgramRun written = run_with("any-mode", file, {"--update-baseline"});
  EXPECT_EQ(written.exit_code, 0) << written.output;
  EXPECT_THAT(written.output, HasSubstr("baseline written to " + file));
  const ProgramRun again = run_with("any-mode", file);
  EXPECT_EQ(again.exit_code, 0) << again.output;
  const ProgramRun other = run_with("netascii-as-octet", file);
  EXPECT_EQ(other.exit_code, 1) << other.output;
}

TEST(ConformVerb, NamesTheCaseThatKilledTheServer) {
  const ProgramRun run = run_with("dies-of-strange-mode", "none");
  EXPECT_EQ(run.exit_code, 1) << run.output;
  EXPECT_THAT(run.output, HasSubstr("TFTP-06"));
  EXPECT_THAT(run.output, HasSubstr("the server died"));
}

std::string recorded(const std::string& name) {
  return std::string(PXEPROOF_SOURCE_DIR) + "/pcaps/" + name + ".pcapng";
}

// Any server that a target file describes: one that reads the configuration, and one of files only.
TEST(ConformVerb, ReplaysABootWithTheServerOfATargetFile) {
  const ScratchDirectory scratch;
  const std::string whole = scratch.write("whole.toml", R"(
name = "whole"
kind = "exec"
command = ["dnsmasq", "--no-daemon", "--conf-file={conf}"]
ready = [67, 69]
configuration = "dnsmasq"
)");
  const std::string files = scratch.write("files.toml", R"(
name = "files"
kind = "exec"
command = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--enable-tftp",
           "--tftp-root={root}"]
ready = [69]
claims = ["tftp"]
)");
  const ProgramRun run = run_pxeproof(
      {"conform", "--replay", recorded("ipxe-bios-one-service"), "--target", whole + "," + files});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("with whole: 52:54:00:12:34:56, 16 turns"));
  EXPECT_THAT(run.output, HasSubstr("with files: 52:54:00:12:34:56, 13 turns"));
}

TEST(ConformVerb, SaysWhichServersAReplayCanHave) {
  const ProgramRun run = run_pxeproof(
      {"conform", "--replay", recorded("ipxe-bios-one-service"), "--target", "tftp-hpa"});
  EXPECT_EQ(run.exit_code, 2) << run.output;
  EXPECT_THAT(run.output, HasSubstr("did you mean tftpd-hpa?"));
}

}  // namespace
}  // namespace pxeproof::testing
