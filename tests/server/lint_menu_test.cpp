#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/lint_found.h"

namespace pxeproof::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kProxy = "dhcp-range=10.0.0.0,proxy\n";

// The same service several times; the tags stand before it.
std::string services(int count, const std::string& tags, const std::string& rest) {
  std::string text;
  for (int at = 0; at < count; ++at) text += "pxe-service=" + tags + rest + "\n";
  return text;
}

// Services that exclude each other were added up, to a menu that no client gets.
TEST(LintMenu, AddsOnlyWhatOneClientGets) {
  const std::string entry = "x86PC," + std::string(12, 't') + ",f.0";
  const std::string text = kProxy + "dhcp-match=set:x,175\n" + services(9, "tag:x,", entry) +
                           services(9, "tag:!x,", entry) + "pxe-service=x86PC,a,f.0\n";
  EXPECT_THAT(findings(text), Not(testing::Contains(testing::StartsWith("menu-too-large"))));
}

TEST(LintMenu, CountsServersAndPromptToo) {
  const std::string text = kProxy + services(10, "", "x86PC," + std::string(19, 't') + ",f.0");
  EXPECT_THAT(lint_lines(text),
              ElementsAre(AllOf(HasSubstr("10 entries"), HasSubstr("several options"),
                                HasSubstr("pxeproof leaves out 2 of"))));
}

TEST(LintMenu, FindsAServerListThatIsTooLong) {
  EXPECT_THAT(lint_lines(kProxy + services(37, "", "x86PC,tt,f.0")),
              ElementsAre(AllOf(HasSubstr("dnsmasq sends an offer without any menu"),
                                HasSubstr("pxeproof leaves out 17 of"))));
  EXPECT_THAT(findings(kProxy + services(37, "", "x86PC,Local,0")),
              ElementsAre("menu-too-large:2"));
}

TEST(LintMenu, TakesAServiceForItsOwnServerOnce) {
  const std::string entry = "x86PC,ttttttttt,f.0,10.0.0.";
  EXPECT_THAT(findings(kProxy + services(12, "", entry + "1")), IsEmpty());
  EXPECT_THAT(
      lint_lines(kProxy + "pxe-service=x86PC,t,f.0,10.0.0.1\n" + services(12, "", entry + "7")),
      ElementsAre(Not(HasSubstr("dnsmasq"))))
      << "the list of pxeproof alone has both";
}

// Three services, each for the machine of one address: each client gets one of them.
TEST(LintMenu, KnowsThatAMachineHasOneAddress) {
  std::string macs = kProxy;
  std::string hosts = kProxy;
  for (int at = 1; at < 4; ++at) {
    macs += fmt::format("dhcp-mac=set:m{0},2:0:0:0:0:{0}\npxe-service=tag:m{0},11,a,a.efi\n", at);
    hosts += fmt::format("dhcp-host=2:0:0:0:0:{0},set:m{0}\npxe-service=tag:m{0},11,a,a.efi\n", at);
  }
  EXPECT_THAT(findings(macs), IsEmpty());
  EXPECT_THAT(findings(hosts), IsEmpty());
  EXPECT_THAT(lint_lines(macs + "pxe-service=11,b,b.efi\n"),
              ElementsAre(HasSubstr("2 services for")));
  EXPECT_THAT(findings(kProxy + "dhcp-mac=set:m1,2:0:0:0:0:*\npxe-service=tag:m1,11,a,a.efi\n"
                                "dhcp-mac=set:m2,2:0:0:0:0:2\npxe-service=tag:m2,11,a,a.efi\n"),
              ElementsAre("several-uefi-services:3"));
}

// netboot.xyz's recipe: a PC has a menu with one entry, local boot, and never takes the file.
TEST(LintMenu, FindsALocalBootThatHidesTheFile) {
  const std::string boot = "dhcp-boot=netboot.xyz.kpxe,,10.0.0.1\n";
  const std::string pi = "pxe-service=0,\"Raspberry Pi Boot\"\n";
  EXPECT_THAT(lint_lines(kProxy + boot + pi),
              ElementsAre(AllOf(HasSubstr("test.conf:3: note: "),
                                HasSubstr("the dhcp-boot at test.conf:2 is not used"),
                                HasSubstr("pxe-service=tag:pi,0,\"Raspberry Pi Boot\""))));
  EXPECT_THAT(findings("dhcp-range=10.0.0.10,10.0.0.90\n" + boot + pi),
              ElementsAre("local-boot-first:3"));
  EXPECT_THAT(findings(kProxy +
                       "dhcp-match=set:bios,60,PXEClient:Arch:00000\n"
                       "dhcp-boot=tag:bios,a.kpxe,,10.0.0.1\n" +
                       pi),
              ElementsAre("local-boot-first:4"));
  EXPECT_THAT(findings(kProxy + "pxe-prompt=x,0\n" + boot + pi + "pxe-service=x86PC,a,b\n"),
              ElementsAre("local-boot-first:4"));
}

TEST(LintMenu, LeavesTheRaspberryPisEntryAloneWhereItHidesNothing) {
  const std::string boot = "dhcp-boot=netboot.xyz.kpxe,,10.0.0.1\n";
  const std::string pi = "pxe-service=0,\"Raspberry Pi Boot\"\n";
  EXPECT_THAT(findings(kProxy + pi), IsEmpty());
  EXPECT_THAT(findings(kProxy + pi + "dhcp-boot=bootcode.bin,,10.0.0.1\n"), IsEmpty());
  EXPECT_THAT(findings(kProxy + boot +
                       "dhcp-mac=set:pi,b8:27:eb:*:*:*\n"
                       "pxe-service=tag:pi,0,\"Raspberry Pi Boot\"\n"),
              IsEmpty());
  EXPECT_THAT(findings(kProxy + boot + pi + "pxe-service=x86PC,a,b\n"), IsEmpty())
      << "a menu that waits";
  EXPECT_THAT(findings(kProxy +
                       "dhcp-match=set:efi,93,11\n"
                       "dhcp-boot=tag:efi,a.efi,,10.0.0.1\n" +
                       pi),
              IsEmpty());
  EXPECT_THAT(findings(kProxy + boot + pi + "dhcp-option=vendor:PXEClient,6,8b\n"),
              ElementsAre("suboption-twice:4"))
      << "its bit 3 says to use the file";
}

}  // namespace
}  // namespace pxeproof::server
