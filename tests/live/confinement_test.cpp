// What a confined process cannot do, tried by a process that wants to: a bug is no way out.

#include "live/confinement.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include "cli/disk_files.h"
#include "cli/opener_link.h"
#include "live/child_process.h"
#include "live/disk.h"
#include "live/landlock.h"
#include "live/system_call_filter.h"
#include "tests/live/served_program.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using ::testing::HasSubstr;

// Runs body in a child that ends without its parent's cleaning up.
void in_child(const std::function<void()>& body) {
  auto child = ChildProcess::start([&body] {
    body();
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  ASSERT_TRUE(child) << child.error().message;
  const Exit exit = child->wait();
  std::string lines;
  for (const std::string& line : child->take_lines()) lines += line + "\n";
  EXPECT_TRUE(exit.is_success()) << to_string(exit) << "\n" << lines;
}

testing::Matcher<int> IsDenied() { return testing::AnyOf(EPERM, EACCES, ENOENT); }

int error_of_open(const char* path) {
  errno = 0;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  return file < 0 ? errno : 0;
}

TEST(Confinement, LeavesNoWayToFilesProgramsOrOtherProcesses) {
  in_child([] {
    const FileDescriptor kept(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
    const pid_t parent = getppid();
    const ConfinementReport report = confine({});
    EXPECT_THAT(to_string(report), HasSubstr("seccomp"));
    EXPECT_THAT(error_of_open("/etc/passwd"), IsDenied());
    EXPECT_THAT(error_of_open("/"), IsDenied());
    EXPECT_THAT(error_of_open("/proc/self/mem"), IsDenied());
    EXPECT_EQ(open("/tmp/pxeproof-confined", O_WRONLY | O_CREAT, 0600), -1);
    EXPECT_EQ(unlink("/etc/passwd"), -1);
    EXPECT_EQ(mkdir("/tmp/pxeproof-confined", 0700), -1);
    char* const arguments[] = {const_cast<char*>("true"), nullptr};
    EXPECT_EQ(execv("/bin/true", arguments), -1);
    EXPECT_EQ(kill(parent, SIGUSR1), -1);
    EXPECT_EQ(ptrace(PTRACE_ATTACH, parent, nullptr, nullptr), -1);
    EXPECT_EQ(socket(AF_PACKET, SOCK_RAW, 0), -1);
    EXPECT_EQ(socket(AF_INET, SOCK_STREAM, 0), -1);
    EXPECT_EQ(socket(AF_UNIX, SOCK_STREAM, 0), -1);
    EXPECT_EQ(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        MAP_FAILED);
    EXPECT_EQ(fork(), -1);
    // What is open stays open.
    char octet = 0;
    EXPECT_EQ(pread(kept.number(), &octet, 1, 0), 1);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  });
}

TEST(Confinement, OfFilesHoldsByEachOfItsLayersAlone) {
  in_child([] {
    if (!forbid_all_files()) _exit(0);  // not with this kernel
    EXPECT_EQ(error_of_open("/etc/passwd"), EACCES);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  });
  in_child([] {
    ASSERT_TRUE(forbid_other_system_calls(Needs::Datagrams));
    EXPECT_EQ(error_of_open("/etc/passwd"), EPERM);
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  });
}

// The opener judges by the configuration that it read itself, whatever it is asked for.
TEST(Confinement, ABugInTheServerReadsNothingOutsideTheRoot) {
  in_private_network([] {
    const TestDirectory directory;
    directory.write("root/inside", "may be sent");
    directory.write("outside", "must not be sent");
    const std::string root = directory / "root";
    const std::string file =
        directory.write("serve.conf", "port=0\nenable-tftp\ntftp-root=" + root + "\n");
    auto opener = cli::OpenerLink::start({.file = file, .directives = {}, .directory = {}}, {});
    ASSERT_TRUE(opener);
    cli::OpenerLink& link = **opener;
    link.request_load();
    ASSERT_TRUE(link.wait_for_load());
    in_child([&] {
      confine({});
      std::uint64_t id = 0;
      const auto ask = [&](const std::string& from, const std::string& path) {
        link.ask({.id = ++id,
                  .root = from,
                  .unique_directory = {},
                  .path = path,
                  .require_world_readable = false,
                  .require_own_file = false});
        FileAnswer answer{};
        for (int i = 0; i < 10'000'000 && !link.poll_answer(answer); ++i) link.receive();
        EXPECT_EQ(answer.id, id);
        return std::move(answer.content);
      };
      const auto good = ask(root, "inside");
      ASSERT_TRUE(good);
      EXPECT_EQ(as_text(*(*good)->read(0, 100)), "may be sent");
      for (const auto& [from, path] :
           std::vector<std::pair<std::string, std::string>>{{root, "../outside"},
                                                            {root, "../../../../../../etc/passwd"},
                                                            {root, "/etc/passwd"},
                                                            {"", "/etc/passwd"},
                                                            {"/", "etc/passwd"},
                                                            {directory.path(), "outside"},
                                                            {root + "/..", "outside"}}) {
        EXPECT_FALSE(ask(from, path)) << from << " " << path;
      }
      // A bug that goes round the opener: the server opens files itself.
      cli::DiskFiles buggy;
      for (const std::string& path : {std::string("inside"), std::string("../outside")}) {
        buggy.ask({.id = 1, .root = root, .unique_directory = {}, .path = path});
        buggy.ask({.id = 2, .root = "", .unique_directory = {}, .path = "/etc/passwd"});
      }
      FileAnswer answer{};
      while (buggy.poll_answer(answer)) EXPECT_FALSE(answer.content);
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    });
  });
}

// A process that may open nothing still tells a file that lost another name from one that lost its
// own.
TEST(Confinement, KnowsAFileThatIsTouchedFromOneThatIsReplaced) {
  const TestDirectory directory;
  const std::string file = directory.write("root/file", "content");
  const std::string snapshot = directory / "snapshot";
  ASSERT_EQ(link(file.c_str(), snapshot.c_str()), 0);
  usleep(30'000);
  std::array<int, 2> wish{};
  std::array<int, 2> done{};
  ASSERT_EQ(pipe(wish.data()) + pipe(done.data()), 0);
  std::thread administrator([&] {
    char step = 0;
    while (read(wish[0], &step, 1) == 1 && step != 'e') {
      if (step == 't') unlink(snapshot.c_str());
      if (step == 'r') rename(directory.write("root/new", "content").c_str(), file.c_str());
      EXPECT_EQ(write(done[1], &step, 1), 1);
    }
  });
  in_child([&] {
    Disk disk;
    const auto content =
        disk.open({.root = directory / "root", .unique_directory = {}, .path = "file"}).content;
    ASSERT_TRUE(content);
    confine({});
    const auto readable_after = [&](char step) {
      EXPECT_EQ(write(wish[1], &step, 1), 1);
      EXPECT_EQ(read(done[0], &step, 1), 1);
      disk.begin_round();
      return (*content)->read(0, 7).has_value();
    };
    EXPECT_TRUE(readable_after('t'));
    EXPECT_FALSE(readable_after('r'));
    _exit(::testing::Test::HasFailure() ? 1 : 0);
  });
  EXPECT_EQ(write(wish[1], "e", 1), 1);
  administrator.join();
}

}  // namespace
}  // namespace pxeproof::live
