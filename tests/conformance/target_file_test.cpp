#include "conformance/target_file.h"

#include <gtest/gtest.h>

namespace pxeproof::conformance {

namespace {

TEST(TargetFile, ShipsFourThatAreSound) {
  for (const char* name : {"builtin", "dnsmasq", "tftpd-hpa", "atftpd"}) {
    const auto target = builtin_target(name);
    ASSERT_TRUE(target) << name;
    EXPECT_EQ(target->name, name);
  }
  EXPECT_FALSE(builtin_target("isc-dhcpd"));
}

TEST(TargetFile, ReadsAnyCommand) {
  const auto target = read_target(R"(name = "mine"
kind = "exec"
command = ["./server", "--root", "{root}"]
ready = [69]
configuration = "root={root}"
[variants]
prompts = "prompt=3"
)",
                                  "mine.toml");
  ASSERT_TRUE(target) << target.error();
  EXPECT_EQ(target->command.size(), 3U);
  EXPECT_EQ(target->ready_ports, std::vector<std::uint16_t>{69});
  EXPECT_FALSE(target->reads_dnsmasq());
  EXPECT_EQ(target->variants.at("prompts"), "prompt=3");
}

TEST(TargetFile, SaysWhatIsWrong) {
  for (const char* text :
       {"", "name = \"x\"", "name = \"x\"\nkind = \"docker\"", "name = \"x\"\nkind = \"exec\"",
        "name = \"x\"\nkind = \"exec\"\ncommand = []\nready = [69]",
        "name = \"x\"\nkind = \"exec\"\ncommand = [\"a\"]\nready = []",
        "name = \"x\"\nkind = \"exec\"\ncommand = [\"a\"]\nready = [99999]",
        "name = \"x\"\nkind = \"builtin\"\nclaims = [\"tfpt\"]",
        "name = \"x\"\nkind = \"builtin\"\ncolour = \"red\""}) {
    const auto target = read_target(text, "bad.toml");
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().substr(0, 8), "bad.toml") << target.error();
  }
}

}  // namespace

}  // namespace pxeproof::conformance
