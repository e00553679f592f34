#include "live/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace pxeproof::live {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(ChildProcess, CollectsWhatAProgramWritesLineByLine) {
  auto child = ChildProcess::start(
      Command{.program = "sh", .arguments = {"-c", "echo one; echo two >&2; printf three"}});
  ASSERT_TRUE(child) << child.error().message;

  EXPECT_TRUE(child->wait().is_success());

  EXPECT_THAT(child->take_lines(), ElementsAre("one", "two", "three"));
}

// A loop that asks between two waits must not swallow what would wake it.
TEST(ChildProcess, LeavesItsLinesToBeHeardWhenAskedWhetherItRuns) {
  auto child =
      ChildProcess::start(Command{.program = "sh", .arguments = {"-c", "echo one; sleep 60"}});
  ASSERT_TRUE(child) << child.error().message;
  pollfd events{.fd = child->descriptors().front(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&events, 1, 90'000), 1);

  EXPECT_FALSE(child->exit());

  EXPECT_EQ(poll(&events, 1, 0), 1);
  EXPECT_THAT(child->take_lines(), ElementsAre("one"));
}

TEST(ChildProcess, PassesArgumentsAsTheyAre) {
  auto child = ChildProcess::start(
      Command{.program = "printf", .arguments = {"%s\n", "$(id); \"quoted\" *"}});
  ASSERT_TRUE(child) << child.error().message;

  child->wait();

  EXPECT_THAT(child->take_lines(), ElementsAre("$(id); \"quoted\" *"));
}

TEST(ChildProcess, NamesAProgramThatIsNotInstalled) {
  auto child = ChildProcess::start(Command{.program = "no-such-program-here"});

  ASSERT_FALSE(child);
  EXPECT_THAT(child.error().message, HasSubstr("no-such-program-here: No such file"));
}

TEST(ChildProcess, FindsSystemProgramsThatAUsersPathLacks) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  auto child = ChildProcess::start(Command{.program = "true"});
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(child) << child.error().message;
}

TEST(ChildProcess, RunsAFunctionAndTellsItsExitCode) {
  auto child = ChildProcess::start([] {
    std::puts("from the function");
    return 7;
  });
  ASSERT_TRUE(child) << child.error().message;

  EXPECT_EQ(to_string(child->wait()), "ended with exit code 7");
  EXPECT_THAT(child->take_lines(), ElementsAre("from the function"));
}

TEST(ChildProcess, BringsTheErrorOfItsPreparationHome) {
  auto child = ChildProcess::start(
      [] { return 0; },
      []() -> SystemResult<void> { return fail(error_of(EPERM, "joining", "be root")); });

  ASSERT_FALSE(child);
  EXPECT_TRUE(child.error().is_permission());
  EXPECT_EQ(child.error().message, "joining: Operation not permitted; be root");
}

TEST(ChildProcess, TerminatesThenKills) {
  auto child =
      ChildProcess::start(Command{.program = "sh",
                                  .arguments = {"-c",
                                                "trap '' TERM; echo ready; while :; do read x "
                                                "< /dev/zero; done"}});
  ASSERT_TRUE(child) << child.error().message;
  std::vector<std::string> lines;
  auto loop = EventLoop::create();
  ASSERT_TRUE(loop && loop->add(*child));
  ASSERT_TRUE(loop->run([&] {
    lines = child->take_lines();
    return !lines.empty();
  }));

  const Exit exit = child->stop(20ms);

  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_EQ(exit.shell_code(), 137);
}

TEST(ChildProcess, DiesWithItsParent) {
  // The middle process starts a grandchild, tells its pid and is killed with SIGKILL.
  auto middle = ChildProcess::start([] {
    auto grandchild = ChildProcess::start(Command{.program = "sleep", .arguments = {"600"}});
    std::printf("%d\n", grandchild->pid());
    pause();
    return 0;
  });
  ASSERT_TRUE(middle) << middle.error().message;
  auto loop = EventLoop::create();
  ASSERT_TRUE(loop && loop->add(*middle));
  std::vector<std::string> lines;
  ASSERT_TRUE(loop->run([&] {
    lines = middle->take_lines();
    return !lines.empty();
  }));
  const FileDescriptor grandchild = watch_process(std::stoi(lines.front()));
  ASSERT_TRUE(grandchild.is_open());

  middle->stop(0s);

  pollfd ended{.fd = grandchild.number(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ended, 1, 10'000), 1) << "the grandchild lives on";
}

TEST(RunToEnd, FeedsInputAndReportsWhatAFailedProgramSaid) {
  auto lines = run_to_end(Command{.program = "cat"}, nullptr, "a\nb\n");
  ASSERT_TRUE(lines);
  EXPECT_THAT(*lines, ElementsAre("a", "b"));

  auto failed =
      run_to_end(Command{.program = "sh", .arguments = {"-c", "echo why; exit 3"}}, nullptr);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "sh: ended with exit code 3: why");
}

}  // namespace
}  // namespace pxeproof::live
