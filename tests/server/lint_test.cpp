#include "server/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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

constexpr std::string_view kProxy = "dhcp-range=10.0.0.0,proxy\n";
constexpr std::string_view kBios = "pxe-service=x86PC,Boot,pxelinux\n";

std::vector<std::string> proxy_findings(const std::string& text) {
  return findings(std::string(kProxy) + std::string(kBios) + text);
}

TEST(Lint, HasANameAndASummaryForEachRule) {
  std::set<std::string_view> names;
  for (const LintRule& rule : lint_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.summary.empty());
  }
  EXPECT_GE(names.size(), 30U);
}

TEST(Lint, SaysNothingOfAPlainSetUp) {
  EXPECT_THAT(proxy_findings(""), IsEmpty());
  EXPECT_THAT(proxy_findings("pxe-service=7,Boot,a.efi\npxe-service=9,Boot,a.efi\n"), IsEmpty());
  EXPECT_THAT(findings(""), IsEmpty());
}

TEST(Lint, FindsAProxyThatAnswersNobody) {
  EXPECT_THAT(findings(std::string(kProxy) + "dhcp-boot=pxelinux.0,,10.0.0.1\n"),
              ElementsAre("silent-proxy:2"));
  EXPECT_THAT(findings(std::string(kProxy)), ElementsAre("silent-proxy:1"));
  EXPECT_THAT(findings(std::string(kProxy) + "pxe-prompt=x,0\n"), IsEmpty());
  EXPECT_THAT(findings(std::string(kBios)), ElementsAre("no-range:1"));
  EXPECT_THAT(findings("dhcp-boot=a\n"), ElementsAre("no-range:1"));
}

TEST(Lint, FindsAProxyBesideALeaseRange) {
  const std::string far = "dhcp-range=10.0.9.10,10.0.9.20\n";
  EXPECT_THAT(proxy_findings("dhcp-range=10.0.0.10,10.0.0.20\n"),
              ElementsAre("proxy-beside-pool:1"));
  EXPECT_THAT(proxy_findings(far), IsEmpty());
  const Subnet wide{Ipv4Address::of(10, 0, 0, 1), Ipv4Address::of(255, 255, 0, 0)};
  EXPECT_THAT(findings(std::string(kProxy) + std::string(kBios) + far, {.subnets = {wide}}),
              ElementsAre("proxy-beside-pool:1"));
}

TEST(Lint, NamesEachDirectiveWithoutEffectInProxyMode) {
  EXPECT_THAT(proxy_findings("dhcp-authoritative\nno-ping\ndhcp-sequential-ip\ndhcp-no-override\n"
                             "dhcp-broadcast\ndhcp-lease-max=5\ndomain=a\n"),
              ElementsAre("no-effect-in-proxy:3", "no-effect-in-proxy:4", "no-effect-in-proxy:5",
                          "no-effect-in-proxy:6", "no-effect-in-proxy:7", "no-effect-in-proxy:8",
                          "no-effect-in-proxy:9"));
  EXPECT_THAT(proxy_findings("dhcp-host=aa:bb:cc:dd:ee:ff,10.0.0.9\ndhcp-boot=x,name,10.0.0.1\n"),
              ElementsAre("no-effect-in-proxy:3", "no-effect-in-proxy:4"));
  EXPECT_THAT(findings("dhcp-range=10.0.0.0,proxy,12h\n" + std::string(kBios)),
              ElementsAre("no-effect-in-proxy:1"));
  EXPECT_THAT(findings("dhcp-range=10.0.0.1,10.0.0.9\ndhcp-authoritative\n"), IsEmpty());
}

TEST(Lint, NamesOptionsThatNoProxyAnswerCarries) {
  EXPECT_THAT(proxy_findings("dhcp-option=3,10.0.0.1\ndhcp-option=vendor:PXEClient,1,0.0.0.0\n"
                             "dhcp-option-pxe=210,/x\ndhcp-option=vendor:MSFT,1,x\n"),
              ElementsAre("option-not-in-proxy:3", "option-not-in-proxy:6"));
  EXPECT_THAT(proxy_findings("dhcp-option=vendor:PXEClient,6,2b\n"),
              ElementsAre("suboption-twice:3"));
}

TEST(Lint, FindsHostsThatDnsmasqAnswersAnyway) {
  EXPECT_THAT(proxy_findings("dhcp-host=aa:bb:cc:dd:ee:ff,ignore\n"),
              ElementsAre("ignored-host:3"));
}

// Who did what the note says got the note again.
TEST(Lint, SaysNothingOfAnIgnoredHostThatIsIgnoredByItsTagToo) {
  const std::string host = "dhcp-host=aa:bb:cc:dd:ee:ff,set:a,ignore\n";
  EXPECT_THAT(proxy_findings(host + "dhcp-ignore=tag:a\n"), IsEmpty());
  EXPECT_THAT(proxy_findings(host + "dhcp-ignore=tag:known\n"), IsEmpty());
  EXPECT_THAT(proxy_findings(host + "tag-if=set:b,tag:a\ndhcp-ignore=tag:b\n"), IsEmpty());
  const std::string other = "dhcp-match=set:ipxe,175\n";
  EXPECT_THAT(proxy_findings(host + other + "dhcp-ignore=tag:ipxe\n"),
              ElementsAre("ignored-host:3"));
  EXPECT_THAT(proxy_findings(host + other + "dhcp-ignore=tag:a,tag:!ipxe\n"),
              ElementsAre("ignored-host:3"));
}

TEST(Lint, FindsAVendorListWithoutPxeClient) {
  EXPECT_THAT(proxy_findings("dhcp-pxe-vendor=HTTPClient\n"), ElementsAre("no-pxeclient:3"));
  EXPECT_THAT(proxy_findings("dhcp-pxe-vendor=HTTPClient,PXEClient\n"), IsEmpty());
  EXPECT_THAT(proxy_findings("dhcp-pxe-vendor=PXE\n"), IsEmpty()) << "a beginning is enough";
}

// A lease is for everybody: it said that they get no answer, and they had their file.
TEST(Lint, KnowsThatALeaseNeedsNoVendorClass) {
  const std::string pool = "dhcp-range=10.0.0.10,10.0.0.90\ndhcp-pxe-vendor=iPXE6\n";
  EXPECT_THAT(findings(pool + "dhcp-boot=a.0\n"), IsEmpty());
  EXPECT_THAT(
      lint_lines(pool + std::string(kBios)),
      ElementsAre(HasSubstr("ordinary PXE clients get their lease without menu or prompt")));
}

TEST(Lint, SpeaksOfTheProxyRangeAloneBesideALeaseRange) {
  EXPECT_THAT(
      lint_lines("dhcp-range=10.0.1.10,10.0.1.90\ndhcp-boot=a\n" + std::string(kProxy)),
      ElementsAre(AllOf(StartsWith("test.conf:3: "), HasSubstr("this range answers no client"))));
}

// facts/server.md D8: a BIOS without pxe-service of its own takes siaddr from dhcp-boot.
TEST(Lint, FindsBootsThatLeaveNextServerEmpty) {
  EXPECT_THAT(proxy_findings("dhcp-boot=pxelinux.0\n"), IsEmpty()) << "the article's own set-up";
  EXPECT_THAT(findings(std::string(kProxy) + "pxe-prompt=x,0\ndhcp-boot=core.0\n"),
              ElementsAre("boot-without-address:3"));
  EXPECT_THAT(findings(std::string(kProxy) +
                       "dhcp-match=set:ipxe,175\n"
                       "pxe-service=tag:!ipxe,x86PC,a,b\ndhcp-boot=tag:ipxe,http://a/b\n"),
              ElementsAre("boot-without-address:4"));
  EXPECT_THAT(findings(std::string(kProxy) + "dhcp-match=set:efi,93,7\ndhcp-match=set:efi,93,9\n"
                                             "pxe-prompt=x,0\ndhcp-boot=tag:efi,a.efi\n"),
              IsEmpty())
      << "only UEFI clients, who get the server's own address";
}

TEST(Lint, FindsServersThatCannotBeLookedUp) {
  const std::string record = "host-record=boot,10.0.0.9\n";
  EXPECT_THAT(proxy_findings("port=0\n" + record + "pxe-service=x86PC,a,b,boot\n"),
              ElementsAre("name-without-dns:5"));
  EXPECT_THAT(proxy_findings(record + "dhcp-boot=b,,boot\n"), IsEmpty());
  EXPECT_THAT(proxy_findings("dhcp-boot=b,,boot\n"), ElementsAre("unknown-name:3"));
  EXPECT_THAT(proxy_findings("pxe-service=x86PC,a,b,5\n"), ElementsAre("number-as-server:3"));
}

TEST(Lint, FindsAnAddressInTheFieldOfAName) {
  const std::string pool = "dhcp-range=10.0.0.10,10.0.0.90\n";
  EXPECT_THAT(lint_lines(pool + "dhcp-boot=a.0,10.0.0.5\n"),
              ElementsAre(AllOf(HasSubstr("stands in the field of the server's name"),
                                HasSubstr("write dhcp-boot=a.0,,10.0.0.5"))));
  EXPECT_THAT(proxy_findings("dhcp-boot=a.0,10.0.0.5\n"), ElementsAre("address-as-name:3"));
  EXPECT_THAT(findings(pool + "dhcp-boot=a.0,10.0.0.5,10.0.0.5\n"), IsEmpty());
  EXPECT_THAT(findings(pool + "dhcp-boot=a.0,boot,10.0.0.5\n"), IsEmpty());
}

// They stood in the order of the rules, and a file's lines around those of the file it includes.
TEST(Lint, SortsByFileAndLine) {
  const auto at = [](const char* file, int line, int order) {
    return Diagnostic{.rule = std::to_string(order),
                      .location = {.file = file, .line = line, .order = order}};
  };
  std::vector<Diagnostic> found{at("b", 2, 3), at("a", 9, 4), at("a", 1, 1), at("b", 1, 2),
                                at("command line", 0, 0)};
  sort_by_place(found);
  std::vector<std::string> rules;
  for (const Diagnostic& each : found) rules.push_back(each.rule);
  EXPECT_THAT(rules, ElementsAre("0", "1", "4", "2", "3"));
}

TEST(Lint, FindsLinesThatAnotherLineOverrides) {
  EXPECT_THAT(proxy_findings("dhcp-boot=a,,10.0.0.1\ndhcp-boot=b,,10.0.0.1\n"),
              ElementsAre("boot-overridden:3"));
  EXPECT_THAT(proxy_findings("pxe-prompt=a\npxe-prompt=b\n"), ElementsAre("prompt-overridden:3"));
  EXPECT_THAT(proxy_findings("pxe-prompt=a,300\n"), ElementsAre("timeout-over-255:3"));
}

TEST(Lint, KnowsWhatDnsmasqDoesWithUefiServices) {
  EXPECT_THAT(proxy_findings("pxe-service=7,a,a.efi\npxe-service=7,b,b.efi\n"),
              ElementsAre("several-uefi-services:3", "half-of-x64:3", "half-of-x64:4"));
  EXPECT_THAT(proxy_findings("pxe-service=11,a,a.efi\npxe-service=11,Local,0\n"),
              ElementsAre("uefi-local-boot:4"));
  EXPECT_THAT(proxy_findings("dhcp-match=set:arm,93,11\npxe-service=11,a,a.efi\n"
                             "dhcp-boot=tag:arm,b.efi,,10.0.0.1\n"),
              ElementsAre("boot-hidden:5"));
  EXPECT_THAT(findings("dhcp-range=10.0.0.1,10.0.0.9\npxe-service=11,a,a.efi\n"),
              ElementsAre("uefi-dead-end:2"));
  EXPECT_THAT(findings("dhcp-range=10.0.0.1,10.0.0.9\npxe-service=11,a,a.efi\ndhcp-boot=a.efi\n"),
              IsEmpty());
}

// The tag already keeps clients of the other number away, also from pxeproof.
TEST(Lint, SeesNoHalfOfX64InAServiceForOneNumber) {
  const std::string tags = "dhcp-match=set:seven,93,7\ndhcp-match=set:nine,93,9\n";
  EXPECT_THAT(proxy_findings(tags + "pxe-service=tag:seven,7,a,a.efi\n"), IsEmpty());
  EXPECT_THAT(proxy_findings(tags + "pxe-service=7,a,a.efi\n"), ElementsAre("half-of-x64:5"));
}

// The offer has the file in option 67, whatever else is missing.
TEST(Lint, CountsOption67AsTheFileOfALease) {
  const std::string uefi = "dhcp-range=10.0.0.1,10.0.0.9\npxe-service=11,a,a.efi\n";
  const std::string mark = "dhcp-match=set:ipxe,175\n";
  EXPECT_THAT(findings(uefi + "dhcp-option=67,grub.efi\n"), IsEmpty());
  EXPECT_THAT(findings(uefi + mark + "dhcp-option=tag:ipxe,option:bootfile-name,b.efi\n"),
              IsEmpty());
  EXPECT_THAT(findings(uefi + "dhcp-option=vendor:PXEClient,67,grub.efi\n"),
              ElementsAre("uefi-dead-end:2"));
}

// dnsmasq sends the whole name to who asks for option 67, and pxeproof to everybody.
TEST(Lint, SaysWhoGetsALongNameCut) {
  const std::string name(130, 'x');
  EXPECT_THAT(lint_lines("dhcp-range=10.0.0.10,10.0.0.90\ndhcp-boot=" + name + "\n"),
              ElementsAre(AllOf(HasSubstr("cuts off the rest for clients that do not ask for"),
                                HasSubstr("pxeproof sends all, in option 67"))));
  EXPECT_THAT(proxy_findings("dhcp-boot=a," + name + ",10.0.0.1\n"),
              ElementsAre("no-effect-in-proxy:3"))
      << "a proxy answer has no server name";
}

TEST(Lint, SaysWhatBecomesOfTwoPrompts) {
  EXPECT_THAT(lint_lines(std::string(kProxy) + "pxe-prompt=a\npxe-prompt=b\n"),
              ElementsAre(AllOf(HasSubstr("the pxe-prompt at test.conf:3 has the same tags"),
                                HasSubstr("dnsmasq sends both, this one behind it"))));
}

// It left tags and server out, so who followed it got a line for other clients.
TEST(Lint, AdvisesALineForTheSameClientsAndServer) {
  const auto remedies = [](const std::string& text) {
    std::string all;
    for (const Diagnostic& finding :
         lint(read(std::string(kProxy) +
                   "dhcp-mac=set:a,1:2:3:4:5:6\ndhcp-mac=set:b,1:2:3:*:*:*\n" + text),
              {})) {
      all += finding.remedy + "\n";
    }
    return all;
  };
  EXPECT_THAT(remedies("pxe-service=tag:a,tag:!b,X86-64_EFI,\"A\",a.efi,10.0.0.7\n"),
              HasSubstr("add pxe-service=tag:a,tag:!b,BC_EFI,\"A\",a.efi,10.0.0.7\n"));
  EXPECT_THAT(remedies("pxe-service=X86-64_EFI,\"A\",a.efi,boot\n"),
              HasSubstr("add pxe-service=BC_EFI,\"A\",a.efi,boot\n"));
  EXPECT_THAT(remedies("pxe-prompt=x,0\ndhcp-boot=tag:a,undionly.kpxe,there\n"),
              HasSubstr("write dhcp-boot=tag:a,undionly.kpxe,there,<address"));
}

TEST(Lint, FindsSuffixesWhereTheyAreNotMeant) {
  EXPECT_THAT(proxy_findings("pxe-service=11,a,grubaa64\n"), ElementsAre("suffix-added:3"));
  EXPECT_THAT(findings(std::string(kProxy) + "pxe-service=x86PC,a,v1.2/pxelinux\n"),
              ElementsAre("suffix-added:2"));
  EXPECT_THAT(findings(std::string(kProxy) + "pxe-service=x86PC,a,v1.2/pxelinux.0\n"), IsEmpty());
}

TEST(Lint, FindsMenusThatGoWrong) {
  EXPECT_THAT(proxy_findings("pxe-service=x86PC,a,32768\n"), ElementsAre("type-shadowed:3"));
  std::string menu;
  for (int entry = 0; entry < 6; ++entry) {
    menu += "pxe-service=x86PC," + std::string(45, 'x') + ",f\n";
  }
  EXPECT_THAT(proxy_findings(menu), ElementsAre("menu-too-large:2"));
  EXPECT_THAT(proxy_findings("pxe-service=16,a,http://a/b.efi\n"), ElementsAre("http-service:3"));
  const std::string http = "dhcp-pxe-vendor=PXEClient,HTTPClient\n";
  EXPECT_THAT(proxy_findings(http + "pxe-service=16,a,HTTP://a/b.efi\n"), IsEmpty())
      << "the offer has the URL";
  EXPECT_THAT(proxy_findings(http + "pxe-service=16,a,b.efi\n"), ElementsAre("http-service:4"));
  EXPECT_THAT(proxy_findings("pxe-service=x86PC,a," + std::string(128, 'x') + ".0\n"),
              ElementsAre("name-too-long:3"));
}

TEST(Lint, FindsTagsThatNothingSets) {
  EXPECT_THAT(proxy_findings("dhcp-boot=tag:efi,a.efi,,10.0.0.1\n"),
              ElementsAre("tag-never-set:3"));
  EXPECT_THAT(proxy_findings("dhcp-ignore=tag:!known\npxe-service=tag:eth0,x86PC,a,b\n"
                             "dhcp-range=set:lan,10.1.0.0,proxy\ndhcp-boot=tag:lan,a,,10.0.0.1\n"
                             "dhcp-ignore=tag:cpewan-id\n"),
              IsEmpty());
  EXPECT_THAT(proxy_findings("tag-if=set:a,tag:b,tag:!b\ndhcp-mac=set:b,1:2:3:4:5:6\n"),
              ElementsAre("tag-contradiction:3"));
  EXPECT_THAT(proxy_findings("dhcp-vendorclass=set:a,PXEClient:Arch:7\n"),
              ElementsAre("short-architecture:3"));
  EXPECT_THAT(proxy_findings("dhcp-match=set:a,93,7\n"), ElementsAre("half-of-x64-tag:3"));
  EXPECT_THAT(proxy_findings("dhcp-match=set:a,93,00:07\ndhcp-vendorclass=set:a,Arch:00009\n"),
              IsEmpty());
}

// iPXE that gets iPXE starts it again; whatever the tag is called by which it is told apart.
TEST(Lint, FindsIpxeThatGetsItselfForEver) {
  const auto loops = [](const std::string& text) {
    return findings(std::string(kProxy) + "pxe-prompt=x,0\n" + text);
  };
  EXPECT_THAT(loops("pxe-service=x86PC,a,undionly.kpxe\n"), ElementsAre("ipxe-loop:3"));
  EXPECT_THAT(loops("dhcp-boot=ipxe.pxe,,10.0.0.1\n"), ElementsAre("ipxe-loop:3"));
  EXPECT_THAT(loops("pxe-service=11,a,b/snponly.efi\n"), ElementsAre("ipxe-loop:3"));
  EXPECT_THAT(loops("pxe-service=11,a,ipxe-arm64.efi\n"), ElementsAre("ipxe-loop:3"));
  const std::string mark = "dhcp-match=set:second,175\n";
  const std::string script = "dhcp-boot=tag:second,http://a/boot.ipxe,,10.0.0.1\n";
  EXPECT_THAT(loops(mark + script + "pxe-service=x86PC,a,undionly.kpxe\n"),
              ElementsAre("ipxe-loop:5"))
      << "the menu comes first";
  EXPECT_THAT(loops(mark + script + "pxe-service=tag:!second,x86PC,a,undionly.kpxe\n"), IsEmpty());
  EXPECT_THAT(loops(mark + script + "dhcp-boot=undionly.kpxe,,10.0.0.1\n"), IsEmpty())
      << "tagged lines go first";
  const std::string bios = "dhcp-match=set:bios,93,0\n";
  const std::string first = "dhcp-boot=tag:bios,undionly.kpxe,,10.0.0.1\n";
  EXPECT_THAT(loops(mark + bios + first + script), IsEmpty());
  EXPECT_THAT(loops(mark + bios + script + first), ElementsAre("ipxe-loop:6"));
  EXPECT_THAT(loops("dhcp-userclass=set:two,iPXE\ntag-if=set:load,tag:!two\n"
                    "pxe-service=tag:load,x86PC,a,undionly.kpxe\n"),
              IsEmpty());
}

TEST(Lint, FindsProgramsForTheOtherKindOfMachine) {
  EXPECT_THAT(findings(std::string(kProxy) + "pxe-service=x86PC,a,grubx64.EFI\n"),
              ElementsAre("foreign-program:2"));
  EXPECT_THAT(proxy_findings("pxe-service=11,a,pxelinux.0\n"), ElementsAre("foreign-program:3"));
  EXPECT_THAT(proxy_findings("dhcp-match=set:arm,93,11\ndhcp-boot=tag:arm,a.kpxe,,10.0.0.1\n"),
              ElementsAre("foreign-program:4"));
  EXPECT_THAT(proxy_findings("dhcp-boot=grub.efi,,10.0.0.1\n"), IsEmpty());
  EXPECT_THAT(proxy_findings("pxe-service=22,a,boot.scr.0\n"), IsEmpty())
      << "U-Boot takes any name";
}

TEST(Lint, FindsTextsThatARaspberryPiDoesNotRecognise) {
  for (const std::string text : {"Raspberry PI Boot", "RaspberryPiBoot", "raspberry pi boot"}) {
    EXPECT_THAT(findings(std::string(kProxy) + "pxe-service=0,\"" + text + "\"\n"),
                ElementsAre("raspberry-text:2"))
        << text;
  }
  for (const std::string text : {"Raspberry Pi Boot", "Raspberry Pi Boot   ", "Raspberry Pi"}) {
    EXPECT_THAT(findings(std::string(kProxy) + "pxe-service=0,\"" + text + "\"\n"), IsEmpty())
        << text;
  }
}

TEST(Lint, FindsABootFileThatIsNamedTwice) {
  const std::string pool = "dhcp-range=10.0.0.10,10.0.0.90\n";
  EXPECT_THAT(findings(pool + "dhcp-boot=a\ndhcp-option=67,b\n"), ElementsAre("boot-and-option:3"));
  EXPECT_THAT(findings(pool + "dhcp-boot=a,server\ndhcp-option=66,other\n"),
              ElementsAre("boot-and-option:3"));
  EXPECT_THAT(findings(pool + "dhcp-boot=a\ndhcp-option=66,other\n"), IsEmpty());
  const std::string tags =
      "dhcp-match=set:ipxe,175\ndhcp-match=set:arm,93,11\n"
      "dhcp-match=set:bios,93,0\n";
  EXPECT_THAT(findings(pool + tags + "dhcp-boot=tag:!ipxe,a\ndhcp-option=tag:ipxe,67,b\n"),
              IsEmpty());
  EXPECT_THAT(findings(pool + tags + "dhcp-boot=tag:bios,a\ndhcp-option=tag:arm,67,b\n"),
              IsEmpty());
}

// Each line was compared with all others, so these took more than half a minute.
TEST(Lint, LooksThroughAHostsTagsOnce) {
  std::string text(kProxy);
  for (int at = 0; at < 20'000; ++at) {
    text += "dhcp-host=id:" + std::to_string(at) + ",set:t" + std::to_string(at) + "\n";
    text += "dhcp-boot=tag:t" + std::to_string(at) + ",f,,10.0.0.1\n";
  }
  EXPECT_THAT(findings(text), ElementsAre("silent-proxy:3"));
}

TEST(Lint, SaysThatTheLogIsNotRedirected) {
  EXPECT_THAT(proxy_findings("log-facility=/var/log/pxe.log\n"), ElementsAre("log-facility:3"));
  EXPECT_THAT(proxy_findings("log-facility=local3\n"), ElementsAre("log-facility:3"));
  EXPECT_THAT(proxy_findings("log-facility=-\n"), IsEmpty());
}

TEST(Lint, LooksAfterTftp) {
  EXPECT_THAT(proxy_findings("enable-tftp\n"), ElementsAre("tftp-without-root:3"));
  EXPECT_THAT(proxy_findings("tftp-root=/a\n"), ElementsAre("tftp-not-enabled:3"));
  const std::string tftp = "enable-tftp\ntftp-root=/a\n";
  EXPECT_THAT(proxy_findings(tftp + "tftp-secure\nuser=root\n"), ElementsAre("secure-as-root:5"));
  EXPECT_THAT(proxy_findings(tftp + "tftp-single-port\nbind-interfaces\n"),
              ElementsAre("single-port-bound:5"));
  EXPECT_THAT(proxy_findings(tftp + "tftp-port-range=100,110\n"),
              ElementsAre("small-port-range:5"));
}

TEST(Lint, PrintsTheLineTheTrapAndTheWayOut) {
  const auto found = lint(read(std::string(kProxy) + "\ndhcp-boot=pxelinux.0\n"));
  EXPECT_THAT(printed(found), ElementsAre(AllOf(StartsWith("test.conf:3: warning: dhcp-boot alone"),
                                                HasSubstr("; add pxe-service="))));
}

}  // namespace
}  // namespace pxeproof::server
