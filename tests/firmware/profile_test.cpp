#include "firmware/profile.h"

#include <gmock/gmock.h>

namespace pxeproof::firmware {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

std::string with(std::string_view from, std::string_view to) {
  std::string text(*builtin_profile_text("ipxe-bios"));
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  const auto profile = parse_profile(text, "my.toml");
  return profile ? "" : profile.error().message;
}

TEST(Profile, EveryBuiltinProfileReads) {
  for (const std::string_view name : builtin_profile_names()) {
    const auto profile = builtin_profile(name);
    ASSERT_TRUE(profile.has_value()) << profile.error().message;
    EXPECT_EQ((*profile)->name, name);
  }
  EXPECT_THAT(builtin_profile_names(), Contains("ipxe-bios"));
}

TEST(Profile, AnUnknownNameListsTheKnownOnes) {
  EXPECT_THAT(builtin_profile("ipxe").error().message, HasSubstr("ipxe-bios"));
}

TEST(Profile, HoldsTheSchedulesOfIpxe) {
  const auto profile = *builtin_profile("ipxe-bios");
  EXPECT_THAT(std::get<FixedWaits>(profile->attempts.front().discover.retry).waits,
              ElementsAre(1s, 2s, 4s, 8s));
  EXPECT_THAT(std::get<FixedWaits>(profile->arp.retry).waits,
              ElementsAre(125ms, 250ms, 500ms, 1s, 2s));
  EXPECT_EQ(profile->proxy_request.leave_after, Duration(2s));
  EXPECT_EQ(profile->boot_server_request.xid, DhcpPhase::Xid::Zero);
}

TEST(Profile, SaysWhereAKeyIsMissing) {
  EXPECT_THAT(error_of(with("collect = ", "collects = ")),
              HasSubstr("offers.collect is missing; add it"));
}

TEST(Profile, RefusesWaitsOfNoTimeAtAll) {
  EXPECT_THAT(
      error_of(with("waits = [\"1s\", \"2s\", \"4s\", \"8s\"]", "waits = [\"0s\", \"0s\"]")),
      HasSubstr("discover.waits: needs a wait of more than 0 s"));
}

TEST(Profile, RefusesAKeyItDoesNotKnow) {
  const std::string error = error_of(with("ttl = 64", "ttl = 64\ntos = 3"));
  EXPECT_THAT(error, HasSubstr("my.toml:"));
  EXPECT_THAT(error, HasSubstr("ip.tos is no key"));
}

TEST(Profile, RefusesValuesWithoutMeaning) {
  EXPECT_THAT(error_of(with("\"last-of-highest-priority\"", "\"second\"")),
              HasSubstr("'second' is none of last-of-highest-priority"));
  EXPECT_THAT(error_of(with("proxy_patience = \"2s\"", "proxy_patience = \"2 s\"")),
              HasSubstr("'2 s' is no duration"));
  EXPECT_THAT(error_of(with("ttl = 64", "ttl = 640")), HasSubstr("from 0 to 255"));
  EXPECT_THAT(error_of(with("\"@identity\"", "\"@identities\"")), HasSubstr("@identities"));
  EXPECT_THAT(error_of(with("\"93 {arch}\"", "\"93 {arc}\"")), HasSubstr("{arc}"));
}

TEST(Profile, RefusesATextThatIsNoToml) {
  EXPECT_THAT(error_of("name = \"x"), HasSubstr("my.toml:1"));
}

TEST(Profile, SaysNothingWhereItHasNoWords) {
  const auto profile = parse_profile(with("file-timeout = ", "# "), "my.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_EQ(profile->words_for(Failure::FileTimeout), "");
  EXPECT_THAT(profile->words_for(Failure::FileNotFound), HasSubstr("No such file"));
}

TEST(Profile, MayRestOnAnother) {
  const auto profile =
      parse_profile("based_on = \"edk2-ia32\"\nname = \"mine\"\n[ip]\nttl = 32\n", "my.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_EQ(profile->name, "mine");
  EXPECT_EQ(profile->architecture, 6);  // of edk2-ia32
  EXPECT_EQ(profile->ip.ttl, 32);
  EXPECT_EQ(profile->discovery.tries, DiscoveryRules::Tries::First);  // of edk2-x64, below it
}

TEST(Profile, MayLeaveOutTablesOfTheOneBelow) {
  const auto profile = parse_profile(
      "based_on = \"edk2-ia32\"\nname = \"mine\"\nwithout = [\"tftp.probe\", \"dhcp.then\"]\n",
      "my.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_FALSE(profile->tftp.probe.has_value());
  EXPECT_EQ(profile->attempts.size(), 1U);
  EXPECT_THAT(error_of("based_on = \"edk2-x64\"\nname = \"mine\"\nwithout = [\"tftp.prob\"]\n"),
              HasSubstr("no table tftp.prob"));
}

TEST(Profile, SaysWhichFileAFaultyRowStandsIn) {
  EXPECT_THAT(error_of("based_on = \"edk2\"\nname = \"mine\"\n"),
              HasSubstr("my.toml:1: based_on: there is no built-in profile 'edk2'"));
  EXPECT_THAT(error_of("based_on = \"edk2-x64\"\nname = \"mine\"\n[ip]\nttl = 300\n"),
              HasSubstr("my.toml:4: ip.ttl"));
}

TEST(Program, PxelinuxCountsItsWaitsInTicks) {
  const auto program = builtin_program("pxelinux");
  ASSERT_TRUE(program.has_value()) << program.error().message;
  const auto& waits = std::get<FixedWaits>((*program)->tftp.retry).waits;
  EXPECT_EQ(waits.size(), 31U);
  EXPECT_EQ(waits.front(), 2 * 54'925'493ns);
  EXPECT_FALSE(builtin_program("lilo").has_value());
}

}  // namespace
}  // namespace pxeproof::firmware
