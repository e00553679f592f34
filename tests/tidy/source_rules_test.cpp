#include "tests/tidy/source_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tidy/words.h"

namespace pxeproof::tidy {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::size_t> lines(const std::vector<Violation>& violations) {
  std::vector<std::size_t> numbers;
  for (const Violation& violation : violations) numbers.push_back(violation.line);
  return numbers;
}

TEST(SourceRules, BlanksCommentsAndLiterals) {
  EXPECT_EQ(without_comments_and_literals("a; // b\nc /* d\ne */ f"), "a;     \nc     \n     f");
  EXPECT_EQ(without_comments_and_literals(R"(x = "a\"b" + 'c' + 1'000;)"),
            R"(x = "    " + ' ' + 1'000;)");
  EXPECT_EQ(without_comments_and_literals("R\"x(a \" b)x\" + c"), "R\"         \" + c");
}

TEST(SourceRules, HoldsTheIncludeTable) {
  const auto includes = [](std::string path, std::string name) {
    return check_includes({std::move(path), "#include \"" + name + "\"\n"});
  };
  EXPECT_THAT(includes("server/a.cpp", "protocol/bytes.h"), IsEmpty());
  EXPECT_THAT(includes("server/a.cpp", "server/b.h"), IsEmpty());
  EXPECT_THAT(includes("server/a.cpp", "simclient/b.h"), SizeIs(1));
  EXPECT_THAT(includes("simclient/a.h", "server/b.h"), SizeIs(1));
  EXPECT_THAT(includes("conformance/a.h", "server/b.h"), SizeIs(1));
  EXPECT_THAT(includes("conformance/a.h", "simclient/b.h"), SizeIs(1));
  EXPECT_THAT(includes("protocol/a.h", "firmware/b.h"), SizeIs(1));
  EXPECT_THAT(includes("lab/a.h", "live/b.h"), SizeIs(1));
  EXPECT_THAT(includes("cli/a.h", "live/b.h"), IsEmpty());
  EXPECT_THAT(includes("cli/a.h", "tests/support/b.h"), SizeIs(1));
  EXPECT_THAT(includes("tests/cli/a.h", "cli/b.h"), IsEmpty());
  EXPECT_THAT(includes("server/a.cpp", "b.h"), SizeIs(1)) << "from the root";
  EXPECT_THAT(includes("server/a.cpp", "../protocol/bytes.h"), SizeIs(1)) << "from the root";
  EXPECT_THAT(check_includes({"server/a.cpp", "#include <protocol/bytes.h>\n"}), SizeIs(1));
  EXPECT_THAT(check_includes({"server/a.cpp", "#include <vector>\n"}), IsEmpty());
}

TEST(SourceRules, KeepsHeavyHeadersOutOfHeaders) {
  EXPECT_THAT(check_heavy_headers({"firmware/a.h", "#include <toml++/toml.h>\n"}), SizeIs(1));
  EXPECT_THAT(check_heavy_headers({"firmware/a.cpp", "#include <toml++/toml.h>\n"}), IsEmpty());
  EXPECT_THAT(check_heavy_headers({"protocol/frames/a.cpp", "#include <tins/ip.h>\n"}), IsEmpty());
  EXPECT_THAT(check_heavy_headers({"lab/a.cpp", "#include <tins/ip.h>\n"}), SizeIs(1));
}

TEST(SourceRules, KeepsTheOutsideWorldInLive) {
  for (const char* line : {
           "auto a = std::chrono::steady_clock::now();",
           "using C = std::chrono::system_clock::time_point;",
           "clock_gettime(CLOCK_MONOTONIC, &t);",
           "auto t = std::time(nullptr);",
           "auto t = Something::now();",
           "std::random_device device;",
           "getrandom(&x, 4, 0);",
           "int x = rand();",
           "int x = std::rand();",
           "std::mt19937 engine;",
           "int fd = socket(AF_INET, SOCK_DGRAM, 0);",
           "int fd = ::socket(AF_INET, SOCK_DGRAM, 0);",
           "sendto(fd, p, n, 0, a, l);",
           "x = htons(67);",
           "#include <sys/socket.h>",
           "#include <netinet/in.h>",
           "std::this_thread::sleep_for(1s);",
           "usleep(5);",
           "  if (::poll(fds, 1, 0) < 0) return;",
           "#include <fcntl.h>",
           "std::ifstream file(path);",
           "#include <filesystem>",
       }) {
    EXPECT_THAT(check_outside_world({"server/a.cpp", line}), SizeIs(testing::Ge(1U))) << line;
    EXPECT_THAT(check_outside_world({"live/a.cpp", line}), IsEmpty()) << line;
  }
}

TEST(SourceRules, LeavesOrdinaryWordsAlone) {
  for (const char* line : {
           "// std::chrono::steady_clock::now() is not for us",
           "const char* text = \"socket(\";",
           "network.now();",
           "udp_socket(3);",
           "server.bind(endpoint);",
           "auto x = std::bind_front(f);",
           "void connect(Endpoint peer);",
           "Result<int, Fault> Lab::connect(Endpoint peer) {",
           "Session& open(std::string name);",
           "open(name);",
           "Random random(3);",
           "random.next();",
           "operand(1);",
           "runtime(1);",
           "Sleepless sleeper;",
           "using Duration = std::chrono::nanoseconds;",
       }) {
    EXPECT_THAT(check_outside_world({"server/a.cpp", line}), IsEmpty()) << line;
  }
  EXPECT_THAT(check_outside_world({"cli/a.cpp", "live::now();"}), IsEmpty());
  EXPECT_THAT(check_outside_world({"cli/a.cpp", "std::ifstream file(path);"}), IsEmpty());
}

TEST(SourceRules, LetsTestsDoAnythingButSleep) {
  EXPECT_THAT(check_outside_world({"tests/server/a.cpp", "std::random_device d;"}), IsEmpty());
  EXPECT_THAT(check_outside_world({"tests/server/a.cpp", "usleep(1);"}), SizeIs(1));
  EXPECT_THAT(check_outside_world({"tests/live/a.cpp", "usleep(1);"}), IsEmpty());
}

TEST(SourceRules, FindsPathsOfOneMachine) {
  EXPECT_THAT(check_paths({"docs/a.md",
                           "see /ho"
                           "me/somebody/x"}),
              SizeIs(1));
  EXPECT_THAT(check_paths({"dev",
                           "cd /wo"
                           "rk/x"}),
              SizeIs(1));
  EXPECT_THAT(check_paths({"docs/a.md",
                           "/var/lib/tftpboot and net/ro"
                           "ot/x"}),
              IsEmpty());
}

TEST(SourceRules, JudgesTheForm) {
  EXPECT_THAT(check_form({"lab/a.h", "int x;\n"}), SizeIs(1)) << "no guard";
  EXPECT_THAT(check_form({"lab/a.h", "#pragma once\n"}), IsEmpty());
  EXPECT_EQ(lines(check_form({"lab/a.cpp", "\n" + std::string(101, 'x') + "\n"})),
            std::vector<std::size_t>{2});
  EXPECT_THAT(check_form({"lab/a.cpp", std::string(100, 'x')}), IsEmpty());
  EXPECT_THAT(check_form({"lab/a.cpp",
                          "// TO"
                          "DO: later"}),
              SizeIs(1));
  EXPECT_THAT(check_form({"lab/a.cpp",
                          "// TO"
                          "DO(#12): later"}),
              IsEmpty());
}

TEST(SourceRules, FindsWhatNobodyBuilds) {
  std::vector<Source> sources{
      {"tests/lab/CMakeLists.txt", "SOURCES network_test.cpp ../support/golden.cpp"},
      {"tests/lab/network_test.cpp", ""},
      {"tests/support/golden.cpp", ""},
      {"protocol/CMakeLists.txt", "dhcp/message.cpp"},
      {"protocol/dhcp/message.cpp", ""},
      {"tests/fuzz/CMakeLists.txt", "fuzz_target(frames DEPENDS protocol)"},
      {"tests/fuzz/frames_fuzz.cpp", ""},
  };
  EXPECT_THAT(find_unbuilt(sources), IsEmpty());
  sources.push_back({"tests/lab/forgotten_test.cpp", ""});
  ASSERT_THAT(find_unbuilt(sources), SizeIs(1));
  EXPECT_EQ(to_string(find_unbuilt(sources)[0]),
            "tests/lab/forgotten_test.cpp:1: is named by no CMakeLists.txt; nobody builds it");
}

}  // namespace
}  // namespace pxeproof::tidy
