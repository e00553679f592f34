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

}  // namespace
}  // namespace pxeproof::testing
