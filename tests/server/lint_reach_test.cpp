#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/lint_found.h"

namespace pxeproof::server {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string kProxy = "dhcp-range=10.0.0.0,proxy\npxe-service=x86PC,Boot,pxelinux\n";
const std::string kPool = "dhcp-range=10.0.0.10,10.0.0.90\n";

// A line that counts for no client was called unused and then blamed for what it does.
TEST(LintReach, WarnsOfNothingThatAnUnusedLineWouldDo) {
  EXPECT_THAT(findings(kPool + "dhcp-boot=a\ndhcp-option=tag:nope,67,b\n"),
              ElementsAre("tag-never-set:3"));
  EXPECT_THAT(findings("dhcp-range=10.0.0.0,proxy\npxe-prompt=x,0\ndhcp-boot=tag:q,z\n"),
              ElementsAre("tag-never-set:3"));
  EXPECT_THAT(findings(kPool + "pxe-service=tag:q,11,a,a.efi\n"), ElementsAre("tag-never-set:2"));
  EXPECT_THAT(findings(kPool + "dhcp-mac=set:b,1:2:3:4:5:6\npxe-service=tag:b,tag:!b,11,a,a.efi\n"),
              ElementsAre("tag-contradiction:3"));
}

TEST(LintReach, TakesUnusedLinesOutOfWhatSetsTags) {
  EXPECT_THAT(findings(kPool + "dhcp-boot=a\ntag-if=set:b,tag:nope\ntag-if=set:c,tag:b\n"
                               "dhcp-option=tag:c,67,b\n"),
              ElementsAre("tag-never-set:3"));
}

TEST(LintReach, KeepsPxeOnByAServiceThatNobodyGets) {
  EXPECT_THAT(findings("dhcp-range=10.0.0.0,proxy\npxe-service=tag:q,x86PC,a,b\n"),
              ElementsAre("tag-never-set:2"));
}

// Both servers go through tag-if once, in the order of the file.
TEST(LintReach, FindsATagIfThatComesTooEarly) {
  const std::string mac = "dhcp-mac=set:z,1:2:3:4:5:6\n";
  const std::string use = "pxe-service=tag:x,x86PC,a,b\n";
  EXPECT_THAT(findings(kProxy + mac + "tag-if=set:x,tag:y\ntag-if=set:y,tag:z\n" + use),
              ElementsAre("tag-set-later:4"));
  EXPECT_THAT(findings(kProxy + mac + "tag-if=set:y,tag:z\ntag-if=set:x,tag:y\n" + use), IsEmpty());
  EXPECT_THAT(findings(kProxy + mac + "tag-if=set:x,tag:y*\ntag-if=set:y1,tag:z\n" + use),
              ElementsAre("tag-set-later:4"));
  EXPECT_THAT(findings(kProxy + mac + "tag-if=set:x,tag:x\n" + use),
              ElementsAre("tag-set-later:4"));
  EXPECT_THAT(lint_lines(kProxy + mac + "tag-if=set:x,tag:!y\ntag-if=set:y,tag:z\n" + use),
              ElementsAre(AllOf(StartsWith("test.conf:4: warning: the tag \"y\" is set further "
                                           "down, at test.conf:5"),
                                HasSubstr("so the condition always holds; move this line"))));
}

TEST(LintReach, FindsTagsThatNoClientHas) {
  const std::string seven = "dhcp-match=set:a,93,7\ndhcp-match=set:bios,93,0\n";
  const std::string nine = "dhcp-match=set:a,93,9\n";
  EXPECT_THAT(lint_lines(kProxy + seven + nine + "pxe-service=tag:a,x86PC,x,y\n"),
              ElementsAre(AllOf(HasSubstr("tag:a is for arch 7"), HasSubstr("and not for arch 0"),
                                HasSubstr("so no client gets this service"))));
  EXPECT_THAT(findings(kProxy + seven + nine + "dhcp-boot=tag:a,tag:bios,x,,10.0.0.1\n"),
              ElementsAre("tag-of-nobody:6"));
  EXPECT_THAT(findings(kProxy + "dhcp-range=set:far,10.9.0.0,proxy\n"
                                "dhcp-range=set:near,10.8.0.0,proxy\n"
                                "pxe-service=tag:far,tag:near,x86PC,x,y\n"),
              ElementsAre("tag-of-nobody:5"));
  EXPECT_THAT(findings(kProxy + seven + "pxe-service=tag:a,BC_EFI,x,y.efi\n"),
              Not(Contains(StartsWith("tag-of-nobody"))))
      << "pxeproof gives it to 7";
}

// dnsmasq's manual has an example with it.
TEST(LintReach, KnowsTheTagOfGateways) {
  EXPECT_THAT(findings(kPool + "dhcp-option=tag:cpewan-id,42,10.0.0.1\n"), IsEmpty());
}

TEST(LintReach, FindsStarsThatAreLettersOfATag) {
  const std::string ipxe = "dhcp-match=set:ipxe6,175\n";
  EXPECT_THAT(findings(kPool + "dhcp-option=tag:eth*,3,10.0.0.1\ndhcp-ignore=tag:a\n"
                               "dhcp-ignore=tag:ipxe*\ndhcp-host=tag:eth*,1:2:3:4:5:6,10.0.0.9\n"),
              ElementsAre("tag-star:2", "tag-never-set:3", "tag-star:4", "tag-star:5"));
  EXPECT_THAT(findings(kPool + ipxe + "tag-if=set:any,tag:ipxe*\ndhcp-boot=tag:any,a\n"),
              IsEmpty());
  EXPECT_THAT(findings(kPool + "dhcp-mac=set:b*,1:2:3:4:5:6\ndhcp-boot=tag:b*,a\n"), IsEmpty());
  EXPECT_THAT(
      lint_lines(kPool + ipxe + "dhcp-boot=tag:ipxe*,a\ndhcp-option=67,b\n"),
      ElementsAre(AllOf(StartsWith("test.conf:3: warning: only in tag-if"),
                        HasSubstr("so the line is never used; add "
                                  "tag-if=set:any-ipxe,tag:ipxe* and write tag:any-ipxe"))));
}

TEST(LintReach, SeesNoExclusionOfIpxeInAStar) {
  EXPECT_THAT(findings(kProxy + "dhcp-match=set:ipxe,175\n"
                                "pxe-service=tag:!ipxe*,x86PC,a,undionly.kpxe\n"),
              ElementsAre("tag-star:4", "ipxe-loop:4"));
  EXPECT_THAT(findings(kProxy + "dhcp-match=set:ipxe,175\ntag-if=set:rom,tag:!ipxe*\n"
                                "pxe-service=tag:rom,x86PC,a,undionly.kpxe\n"),
              IsEmpty());
}

}  // namespace
}  // namespace pxeproof::server
