// What a run may write over and remove: what it made itself, and what it was told to overwrite.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "cli/opener_link.h"
#include "live/file_descriptor.h"
#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;

std::string content_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class OutputFiles : public ::testing::Test {
 protected:
  // A capture of a whole boot.
  std::string capture(const std::string& name = "boot.pcap") const {
    const std::string file = scratch_.path(name);
    EXPECT_EQ(run_pxeproof({"boot", "--until", "nbp", "--save", file}).exit_code, 0);
    return file;
  }

  ScratchDirectory scratch_;
};

// A server that somebody else runs.
live::FileDescriptor listen_at(const std::string& path) {
  live::FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(bind(listener.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
  EXPECT_EQ(listen(listener.number(), 1), 0);
  return listener;
}

// The opener goes a moment after the server: whatever it removes is gone then.
bool is_there_after_a_while(const std::string& path) {
  for (int i = 0; i < 20; ++i) {
    if (!fs::exists(fs::symlink_status(path))) return false;
    poll(nullptr, 0, 10);
  }
  return true;
}

// Both were removed: the path was noted down before there was a socket.
TEST_F(OutputFiles, ServeLeavesWhatStandsAtThePathOfItsControlSocket) {
  fs::create_directories(scratch_.path("tree"));
  const auto serve_at = [&](const std::string& path) {
    return run_pxeproof({"serve", "--port=0", "--enable-tftp",
                         "--tftp-root=" + scratch_.path("tree"), "--tftp-port-range=40000,40010",
                         "--once", "--until", "1", "--control", path});
  };
  const std::string file = scratch_.write("notes.txt", "mine");
  EXPECT_NE(serve_at(file).exit_code, 0);
  EXPECT_TRUE(is_there_after_a_while(file));
  EXPECT_EQ(content_of(file), "mine");

  const std::string path = scratch_.path("control");
  const live::FileDescriptor running = listen_at(path);
  EXPECT_NE(serve_at(path).exit_code, 0);
  EXPECT_TRUE(is_there_after_a_while(path));

  const ProgramRun wrong = run_pxeproof({"serve", "--dhcp-bot=x", "--control", file});
  EXPECT_EQ(wrong.exit_code, 2) << wrong.output;
  EXPECT_TRUE(is_there_after_a_while(file));
}

TEST_F(OutputFiles, ControlSocketGoesOnlyWithTheRunThatMadeIt) {
  const std::string path = scratch_.path("control");
  live::FileDescriptor socket = listen_at(path);
  enum class Announced { No, Yes };
  // A run that comes as far as its configuration, which serves nothing; what then happens to the
  // path, and the end of the run.
  const auto run = [&](Announced announced, const std::function<void()>& then) {
    auto opener = cli::OpenerLink::start({}, path);
    ASSERT_TRUE(opener) << opener.error().message;
    if (announced == Announced::Yes) (*opener)->announce_control();
    (*opener)->request_load();
    EXPECT_FALSE((*opener)->wait_for_load());
    then();
  };
  run(Announced::No, [] {});
  EXPECT_TRUE(is_there_after_a_while(path));
  run(Announced::Yes, [&] {
    // It keeps its number while the next one is made.
    fs::rename(path, path + ".old");
    socket = listen_at(path);
  });
  EXPECT_TRUE(is_there_after_a_while(path));
  run(Announced::Yes, [] {});
  EXPECT_FALSE(is_there_after_a_while(path));
}

TEST_F(OutputFiles, RecordKeepsItsInputUnderEveryName) {
  const std::string file = capture();
  const std::string before = content_of(file);
  const std::string link = scratch_.path("link.pcap");
  fs::create_symlink(file, link);
  const std::string twin = scratch_.path("twin.pcap");
  fs::create_hard_link(file, twin);
  for (const std::string& output : {file, link, twin, scratch_.path("./boot.pcap")}) {
    const ProgramRun run = run_pxeproof({"record", "--from", file, "--output", output});
    EXPECT_EQ(run.exit_code, 2) << run.output;
    EXPECT_THAT(run.output, HasSubstr("is the capture itself; name another file"));
    EXPECT_EQ(content_of(file), before);
  }
}

// An output that was there was deleted when there was no input.
TEST_F(OutputFiles, RecordThatRecordsNothingLeavesEveryFileAsItIs) {
  const std::string kept = scratch_.write("kept.pcapng", "mine");
  EXPECT_EQ(run_pxeproof({"record", "--from", scratch_.path("nofile"), "--output", kept}).exit_code,
            2);
  EXPECT_EQ(run_pxeproof({"record", "--interface", "nosuch0", "--output", kept}).exit_code, 3);
  const std::string made = scratch_.path("made.pcapng");
  for (const std::string& output : {kept, made}) {
    const ProgramRun run = run_pxeproof(
        {"record", "--from", capture(), "--mac", "02:00:00:00:00:01", "--output", output});
    EXPECT_EQ(run.exit_code, 4) << run.output;
  }
  EXPECT_EQ(content_of(kept), "mine");
  EXPECT_FALSE(fs::exists(made));
}

TEST_F(OutputFiles, NoReportIsWrittenOverWhatIsRead) {
  const std::string file = capture();
  const std::string other = capture("other.pcap");
  const std::string before = content_of(file);
  const std::vector<std::vector<std::string>> runs{
      {"explain", file, "--json", file},
      {"explain", file, "--html", file},
      {"diff", file, other, "--json", file},
      {"diff", other, file, "--html", file},
      {"profile", "learn", file, "-o", file},
      {"conform", "--to-case", file, "--output", file},
      {"conform", "--replay", file, "--json", file},
      {"serve", "--conf-file", file, "--once", "--json", file},
      {"record", "--from", file, "--output", scratch_.path("new.pcapng"), "--json", file}};
  for (const auto& words : runs) {
    const ProgramRun run = run_pxeproof(words);
    EXPECT_EQ(run.exit_code, 2) << words[0] << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr("itself; name another file"));
    EXPECT_EQ(content_of(file), before) << words[0];
  }
  EXPECT_FALSE(fs::exists(scratch_.path("new.pcapng")));
}

TEST_F(OutputFiles, ReportThatCannotBeWrittenIsNamedBeforeTheRun) {
  const std::string here = scratch_.path(".");
  const std::string nowhere = scratch_.path("no/such/report");
  const std::vector<std::vector<std::string>> runs{
      {"boot", "--json", here},
      {"boot", "--json", nowhere},
      {"lab", "boot", "--json", here},
      {"lab", "boot", "--own-clock", here},
      {"conform", "TFTP", "--json", here},
      {"conform", "TFTP", "--junit", nowhere},
      {"conform", "TFTP", "--markdown", here},
      {"conform", "TFTP", "--out", scratch_.write("file", "")},
      {"fleet", "--clients", "1", "--html", here}};
  for (const auto& words : runs) {
    const ProgramRun run = run_pxeproof(words);
    EXPECT_EQ(run.exit_code, 2) << words[0] << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr("cannot be written"));
    EXPECT_EQ(std::ranges::count(run.output, '\n'), 1) << run.output;
  }
}

TEST_F(OutputFiles, FullDiskFailsABootThatWasToBeSaved) {
  const ProgramRun run = run_pxeproof({"boot", "--until", "nbp", "--save", "/dev/full"});
  EXPECT_EQ(run.exit_code, 3) << run.output;
  EXPECT_THAT(run.output, HasSubstr("No space left"));
}

// A report that went nowhere is no success, and no verdict.
TEST_F(OutputFiles, FullDiskBehindStandardOutputIsSaid) {
  const std::string file = capture();
  const std::vector<std::vector<std::string>> runs{
      {"fleet", "--time", "virtual", "--clients", "3"},
      {"fleet", "--time", "virtual", "--clients", "3", "--jsonl", "-"},
      {"explain", file},
      {"explain", file, "--json", "-"},
      {"explain", "--rules", "list"},
      {"diff", file, file, "--html", "-"},
      {"profile", "list"},
      {"--help"}};
  for (const auto& words : runs) {
    const ProgramRun run = run_pxeproof_on_full_disk(words);
    EXPECT_EQ(run.exit_code, 3) << words[0] << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr("standard output cannot be written")) << words[0];
  }
}

TEST_F(OutputFiles, TwoReportsDoNotShareAPlace) {
  const std::string file = capture();
  const std::string report = scratch_.path("report");
  const std::vector<std::vector<std::string>> runs{
      {"boot", "--json", "-", "--save", "-"},
      {"explain", file, "--json", "-", "--html", "-"},
      {"diff", file, file, "--json", "-", "--html", "-"},
      {"conform", "--json", "-", "--junit", "-"},
      {"fleet", "--json", "-", "--html", "-"},
      {"explain", file, "--json", report, "--html", scratch_.path("./report")}};
  for (const auto& words : runs) {
    const ProgramRun run = run_pxeproof(words);
    EXPECT_EQ(run.exit_code, 2) << words[0] << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr(" and --"));
  }
  EXPECT_FALSE(fs::exists(report));
}

TEST_F(OutputFiles, TheListOfRulesIsWrittenWhereItWasAskedFor) {
  const std::string file = scratch_.path("rules.json");
  const ProgramRun run = run_pxeproof({"explain", "--rules", "list", "--json", file});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(content_of(file), HasSubstr("R01"));
}

}  // namespace
}  // namespace pxeproof::testing
