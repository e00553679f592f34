// `pxeproof boot` in its lab: our server and stock dnsmasq, the same configuration.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/cli/run_pxeproof.h"

namespace pxeproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BootVerb : public ::testing::TestWithParam<std::string> {};

TEST_P(BootVerb, BootsTheArticlesMemtest) {
  const ProgramRun run = run_pxeproof({"boot", "--against", GetParam()});
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output,
              AllOf(HasSubstr("menu \"Network Boot\" (8000)"), HasSubstr("item 8000 layer 0"),
                    HasSubstr("pxelinux.0 -> 42,430 octets"), HasSubstr("9 names not found"),
                    HasSubstr("booted in")));
}

TEST_P(BootVerb, ReportsTheSameAsJson) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("boot.json");
  const ProgramRun run =
      run_pxeproof({"boot", "--against", GetParam(), "--json", file, "--until", "nbp"});
  ASSERT_EQ(run.exit_code, 0) << run.output;
  std::ifstream stream(file);
  const auto report = nlohmann::json::parse(stream);
  EXPECT_EQ(report["schema"], "pxeproof/boot/1");
  EXPECT_EQ(report["booted"], true);
  EXPECT_EQ(report["until"], "nbp");
  EXPECT_EQ(report["steps"].back()["file"], "pxelinux.0");
  EXPECT_EQ(report["steps"].back()["octets"], 42430);
}
INSTANTIATE_TEST_SUITE_P(Against, BootVerb, ::testing::Values("builtin", "dnsmasq"),
                         [](const auto& tested) { return tested.param; });

TEST(BootVerbPhases, StopWhereAsked) {
  for (const std::string phase : {"offer", "4011", "nbp", "config", "payload"}) {
    const ProgramRun run = run_pxeproof({"boot", "--until", phase});
    EXPECT_EQ(run.exit_code, 0) << phase << "\n" << run.output;
  }
}

TEST(BootVerbStory, IsTheSameForTheSameSeed) {
  const auto packets = [](const std::string& seed) {
    const ScratchDirectory scratch;
    const ProgramRun run = run_pxeproof({"boot", "--seed", seed, "--until", "offer", "-v"});
    const std::size_t at = run.output.find("xid ");
    return run.output.substr(at, 12);
  };
  EXPECT_EQ(packets("5"), packets("5"));
  EXPECT_NE(packets("5"), packets("6"));
}

std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n' && (c != ' ' || !line.ends_with(' '))) line += c;
    if (c == '\n' && !line.ends_with(' ')) line += ' ';
  }
  return line;
}

struct FailedScreen {
  std::string firmware;
  std::string fault;
};
void PrintTo(const FailedScreen& failed, std::ostream* out) {
  *out << failed.firmware << ", " << failed.fault;
}
class Screen : public ::testing::TestWithParam<FailedScreen> {};

// What a failed machine shows is told from its profile by both verbs.
TEST_P(Screen, IsToldAlikeByBootAndExplain) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("boot.pcapng");
  const ProgramRun boot = run_pxeproof({"boot", "--against", "builtin", "--as", GetParam().firmware,
                                        "--fault", GetParam().fault, "--save", file});
  constexpr std::string_view kSays = "the screen says: ";
  const std::size_t at = boot.output.find(kSays);
  ASSERT_NE(at, std::string::npos) << boot.output;
  const std::string words =
      boot.output.substr(at + kSays.size(), boot.output.find('\n', at) - at - kSays.size());
  const ProgramRun explain = run_pxeproof({"explain", file});
  EXPECT_THAT(on_one_line(explain.output), HasSubstr("its screen shows " + words))
      << explain.output;
}
INSTANTIATE_TEST_SUITE_P(Failed, Screen,
                         ::testing::Values(FailedScreen{"ipxe-bios", "silent 4011"},
                                           FailedScreen{"ipxe-bios", "silent 67"},
                                           FailedScreen{"ipxe-bios", "error 2 \"no\""},
                                           FailedScreen{"edk2-x64", "error 2 \"no\""},
                                           FailedScreen{"intel-2.1", "error 2 \"no\""},
                                           FailedScreen{"intel-2.1", "silent 4011"}));

}  // namespace
}  // namespace pxeproof::testing
