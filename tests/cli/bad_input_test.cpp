// Bad input, tried as a user would: a clear message and the exit code of docs/exit-codes.md.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr const char* kPxelinux = "/usr/lib/PXELINUX/pxelinux.0";
constexpr const char* kLdlinux = "/usr/lib/syslinux/modules/bios/ldlinux.c32";

// The article's tree, to take something away from.
class BadInput : public ::testing::Test {
 protected:
  void link_boot_program() const {
    std::filesystem::create_directories(scratch_.path("tree"));
    std::filesystem::create_symlink(kPxelinux, scratch_.path("tree/pxelinux.0"));
    std::filesystem::create_symlink(kLdlinux, scratch_.path("tree/ldlinux.c32"));
  }
  ProgramRun boot(const std::string& configuration) const {
    return run_pxeproof({"boot", "--against", "builtin:" + configuration});
  }

  ScratchDirectory scratch_;
};

TEST_F(BadInput, UnknownVerbIsWrongUsageWithASuggestion) {
  const ProgramRun run = run_pxeproof({"bot"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("did you mean boot?"));
}

TEST_F(BadInput, UnknownOptionIsWrongUsageWithASuggestion) {
  const ProgramRun run = run_pxeproof({"boot", "--agianst", "builtin"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("did you mean --against?"));
}

TEST_F(BadInput, UnknownProfileListsTheKnownOnes) {
  const ProgramRun run = run_pxeproof({"boot", "--as", "ipx-bios"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, AllOf(HasSubstr("ipx-bios"), HasSubstr("ipxe-bios")));
}

TEST_F(BadInput, MissingConfigurationFileIsNamed) {
  const ProgramRun run = boot(scratch_.path("nowhere.conf"));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, AllOf(HasSubstr("nowhere.conf"), HasSubstr("No such file")));
}

TEST_F(BadInput, WrongDirectiveIsShownWithItsLine) {
  const std::string file = scratch_.write("boot.conf", "port=0\ndhcp-bot=pxelinux.0\n");
  for (const ProgramRun& run :
       {boot(file), run_pxeproof({"serve", "--conf-file", file, "--test"})}) {
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.output, AllOf(HasSubstr("boot.conf:2: "), HasSubstr("dhcp-boot")));
  }
}

TEST_F(BadInput, PipeThatNobodyWritesIntoIsNotWaitedFor) {
  const std::string pipe = scratch_.path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string names_it = scratch_.write("names.conf", "port=0\nconf-file=" + pipe + "\n");
  const std::string sound = scratch_.write("sound.conf", "port=0\ndhcp-range=10.0.0.0,proxy\n");
  const std::vector<std::vector<std::string>> commands{
      {"serve", "--conf-file", pipe, "--test"},
      {"serve", "--conf-file", names_it, "--test"},
      {"serve", "--conf-file", sound, "--explain-packet", pipe}};
  for (const auto& command : commands) {
    const ProgramRun run = run_pxeproof(command);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.output, AnyOf(HasSubstr("nobody writes into"), HasSubstr("a pipe and no")));
  }
}

TEST_F(BadInput, MissingTftpRootIsWrongConfiguration) {
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, AllOf(HasSubstr("boot.conf:7"), HasSubstr("tftp-root")));
}

TEST_F(BadInput, MissingBootFileFailsWithTheRomsWords) {
  std::filesystem::create_directories(scratch_.path("tree"));
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("pxelinux.0"), HasSubstr("No such file or directory"),
                                HasSubstr("expected"), HasSubstr("seen"), HasSubstr("again")));
}

TEST_F(BadInput, UnreadableBootFileFailsTheBoot) {
  scratch_.write("tree/pxelinux.0", "not for you");
  std::filesystem::permissions(scratch_.path("tree/pxelinux.0"), std::filesystem::perms::none);
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("pxelinux.0 -> ERROR 2"));
}

TEST_F(BadInput, MissingLoaderModuleFailsWithPxelinuxsWords) {
  std::filesystem::create_directories(scratch_.path("tree"));
  std::filesystem::create_symlink(kPxelinux, scratch_.path("tree/pxelinux.0"));
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, HasSubstr("Failed to load ldlinux.c32"));
}

TEST_F(BadInput, MissingMenuEndsTheSearchWithPxelinuxsWords) {
  link_boot_program();
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("10 names not found"),
                                HasSubstr("Unable to locate configuration file")));
}

TEST_F(BadInput, MissingKernelFailsWithPxelinuxsWords) {
  link_boot_program();
  scratch_.write("tree/pxelinux.cfg/default", "default m\nlabel m\nkernel /memtest/nothing\n");
  const ProgramRun run = boot(scratch_.write_article());
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.output, AllOf(HasSubstr("/memtest/nothing"), HasSubstr("failed: No such file")));
}

TEST_F(BadInput, ConfigurationThatServesNobodyIsRefused) {
  const ProgramRun run = boot(scratch_.write("boot.conf", "port=0\n"));
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.output, HasSubstr("no dhcp-range"));
}

TEST_F(BadInput, CaptureIntoAMissingDirectoryIsWrongUsage) {
  const ProgramRun run = run_pxeproof({"boot", "--save", scratch_.path("no/such/boot.pcap")});
  EXPECT_EQ(run.exit_code, 2);
}

TEST_F(BadInput, InterfaceThatDoesNotExistIsTheEnvironmentsFault) {
  const ProgramRun run = run_pxeproof({"boot", "--interface", "nosuch0"});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.output, HasSubstr("nosuch0"));
}

// Words that a verb would not heed, and what the message has to name.
struct Refused {
  std::vector<std::string> words;
  std::string said;
};

void expect_refused(const std::vector<Refused>& all) {
  for (const Refused& each : all) {
    const ProgramRun run = run_pxeproof(each.words);
    std::string line;
    for (const std::string& word : each.words) line += word + " ";
    EXPECT_EQ(run.exit_code, 2) << line << run.output;
    EXPECT_THAT(run.output, HasSubstr(each.said)) << line;
  }
}

TEST_F(BadInput, ConformRefusesWhatItWouldNotHeed) {
  expect_refused({
      {{"conform", "TFTP-01", "--interface", "nosuch0"}, "remote target"},
      {{"conform", "TFTP-01", "--clients", "x"}, "remote target"},
      {{"conform", "TFTP-01", "--conf-file", "x"}, "belongs to --replay"},
      {{"conform", "TFTP-01", "--server", "1.2.3.4"}, "belongs to --replay with --interface"},
      {{"conform", "TFTP-01", "--output", "x"}, "belongs to --to-case"},
      {{"conform", "--replay", "f", "--server", "1.2.3.4"}, "--replay with --interface"},
      {{"conform", "--replay", "f", "--out", "x"}, "belongs to the suite"},
      {{"conform", "--to-case", "f", "--replay", "f"}, "not to --to-case"},
      {{"conform", "TFTP-01", "--replay", "f"}, "chooses cases"},
      {{"conform", "--target", ","}, "names no server"},
      {{"conform", "--target", scratch_.path("no.toml")}, "name a TOML file that exists"},
      {{"conform", "--baseline", scratch_.path(".")}, "--baseline: "},
      {{"conform", "--baseline", scratch_.path("nofile")}, "--update-baseline"},
      {{"conform", "diff", scratch_.path("."), "x"}, "cannot be read"},
      {{"conform", "--time", "x"}, "neither virtual nor real"},
  });
}

TEST_F(BadInput, ProfileRefusesWhatItWouldNotHeed) {
  expect_refused({
      {{"profile", "list", "--output", "x"}, "--output says nothing here"},
      {{"profile", "show", "ipxe-bios", "--boot", "2"}, "--boot says nothing here"},
      {{"profile", "compare", "ipxe-bios", "x", "--from", "y"}, "--from says nothing here"},
      {{"profile", "learn", "x", "--ignore", "timing"}, "--ignore says nothing here"},
      {{"profile", "learn", "x", "--tree", scratch_.path("none")}, "is no directory"},
      {{"profile", "compare", "nosuch", "x"}, "profile compare: there is no profile"},
      {{"profile", "show", "./l2.toml"}, "no built-in profile"},
  });
}

TEST_F(BadInput, MisspeltOptionOfServeIsNamedBeforeTheRest) {
  const std::string file = scratch_.write_article();
  expect_refused({
      {{"serve", "--conffile", file, "--test"}, "did you mean --conf-file?"},
      {{"serve", "--conf-fle", file}, "did you mean --conf-file?"},
      {{"serve", "--seeed", "3", "tree"}, "did you mean --seed?"},
      {{"serve", "--cnfine", "on", "tree"}, "did you mean --confine?"},
      {{"serve", "--seed", "-1", "tree", "--test"}, "--seed: '-1'"},
      {{"serve", "--timeout", "-1", "--once", "tree"}, "--timeout: '-1'"},
      {{"serve", "--control", "--test", "tree"}, "--control needs a value"},
      {{"serve", "--conf-file", scratch_.write("empty.conf", ""), "--test"},
       "empty.conf: this serves nothing"},
  });
}

TEST_F(BadInput, MessageNamesTheOptionThatItIsAbout) {
  expect_refused({
      {{"fleet", "--mix", "foo=1"}, "--mix: there is no profile"},
      {{"fleet", "--set", "foo"}, "--set foo: "},
      {{"fleet", "--against", "noext"}, "ends in .conf"},
      {{"record", "--interface", "lo", "--from", "x"}, "give one of them"},
      {{"boot", "--mac", "00:00:00:00:00:00"}, "no address of a machine"},
      {{"boot", "-x"}, "--help lists them"},
      {{"explain", scratch_.write("odd", "\x1f not gzip")}, "if it is one"},
      {{"explain", scratch_.path(".")}, "is a directory"},
  });
}

}  // namespace
}  // namespace pxeproof::testing
