#include "cli/boot_target.h"

#include <gtest/gtest.h>

namespace pxeproof::cli {
namespace {

TEST(ParseBootTarget, TakesAServerAndAConfiguration) {
  const auto plain = parse_boot_target("--against", "dnsmasq");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->server, BootTarget::Server::Dnsmasq);
  EXPECT_EQ(plain->configuration_file, "");
  const auto with_file = parse_boot_target("--against", "builtin:/etc/a:b.conf");
  ASSERT_TRUE(with_file);
  EXPECT_EQ(with_file->server, BootTarget::Server::Builtin);
  EXPECT_EQ(with_file->configuration_file, "/etc/a:b.conf");
}

TEST(ParseBootTarget, RefusesUnknownServersAndEmptyFiles) {
  EXPECT_FALSE(parse_boot_target("--against", "kea"));
  EXPECT_FALSE(parse_boot_target("--against", "builtin:"));
  EXPECT_FALSE(parse_boot_target("--against", ""));
}

TEST(ParseBootTarget, TakesTheNameOfAFileAloneForTheServerBuiltIn) {
  const auto target = parse_target_or_file("--against", "/proc/self/stat");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->server, BootTarget::Server::Builtin);
  EXPECT_EQ(target->configuration_file, "/proc/self/stat");
  EXPECT_FALSE(parse_target_or_file("--against", "/no/such/file.conf"));
  EXPECT_EQ(parse_target_or_file("--against", "dnsmasq:/a.conf")->server,
            BootTarget::Server::Dnsmasq);
}

}  // namespace
}  // namespace pxeproof::cli
