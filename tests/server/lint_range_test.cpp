#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/lint_found.h"

namespace pxeproof::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kPool = "dhcp-range=192.168.77.20,192.168.77.250,8h\n";
const std::string kFarProxy = "dhcp-range=set:proxy,172.20.0.0,proxy,255.255.0.0\n";
const std::string kArm = "dhcp-match=set:arm,93,11\n";

// LTSP's own dnsmasq configuration: it said of the dhcp-boot that UEFI clients do not use it.
TEST(LintRange, SeesThatALeaseUsesWhatAProxyAnswerHides) {
  const std::string text =
      kPool + kFarProxy +
      "dhcp-vendorclass=set:X86-64_EFI,PXEClient:Arch:00007\n"
      "dhcp-vendorclass=set:X86-64_EFI,PXEClient:Arch:00009\n"
      "dhcp-match=set:iPXE,175\n"
      "pxe-service=tag:proxy,tag:!iPXE,X86-64_EFI,\"snponly.efi\",ltsp/snponly.efi\n"
      "pxe-service=tag:proxy,tag:!iPXE,BC_EFI,\"snponly.efi\",ltsp/snponly.efi\n"
      "dhcp-boot=tag:!iPXE,tag:X86-64_EFI,ltsp/snponly.efi\n"
      "dhcp-boot=tag:iPXE,ltsp/ltsp.ipxe,,192.168.77.1\n";
  EXPECT_THAT(findings(text), IsEmpty());
  EXPECT_THAT(findings(text.substr(kPool.size())), ElementsAre("boot-hidden:7"));
}

TEST(LintRange, FindsABootLineThatOnlyTheProxyRangeWouldUse) {
  const std::string service = "pxe-service=11,a,a.efi\n";
  EXPECT_THAT(findings(kPool + kFarProxy + kArm + service + "dhcp-boot=tag:proxy,tag:arm,a.efi\n"),
              ElementsAre("uefi-dead-end:4", "boot-hidden:5"));
  EXPECT_THAT(findings(kFarProxy + kArm +
                       "dhcp-match=set:ipxe,175\n"
                       "pxe-service=tag:!ipxe,11,a,a.efi\n"
                       "dhcp-boot=tag:arm,http://a/b.ipxe\n"),
              IsEmpty())
      << "iPXE uses it";
  EXPECT_THAT(findings(kFarProxy + kArm + "dhcp-match=set:arm,93,6\n" + service +
                       "dhcp-boot=tag:arm,a.efi\n"),
              IsEmpty())
      << "architecture 6 uses it";
  EXPECT_THAT(findings(kFarProxy + "dhcp-range=set:other,172.30.0.0,proxy\n" + kArm +
                       "pxe-service=tag:other,11,a,a.efi\ndhcp-boot=tag:arm,a.efi\n"),
              IsEmpty())
      << "the first range uses it";
}

// A proxy range anywhere made it say nothing.
TEST(LintRange, FindsADeadEndBesideAProxyRangeOfAnotherSubnet) {
  const std::string service = "pxe-service=11,a,a.efi\n";
  EXPECT_THAT(findings(kPool + kFarProxy +
                       "pxe-service=X86-64_EFI,a,b.efi\n"
                       "pxe-service=BC_EFI,a,b.efi\n"),
              ElementsAre("uefi-dead-end:3", "uefi-dead-end:4"));
  EXPECT_THAT(findings(kPool + kFarProxy + service + "dhcp-boot=a.efi,,192.168.77.1\n"), IsEmpty());
  EXPECT_THAT(findings(kPool + kFarProxy + service + "dhcp-boot=tag:proxy,a.efi,,172.20.0.1\n"),
              ElementsAre("uefi-dead-end:3"));
  EXPECT_THAT(findings(kPool + kFarProxy + "pxe-service=tag:proxy,11,a,a.efi\n"), IsEmpty());
  EXPECT_THAT(findings(kPool + "dhcp-range=192.168.77.0,proxy\n" + service),
              ElementsAre("proxy-beside-pool:2"))
      << "there the proxy range answers";
}

TEST(LintRange, KnowsThatAClientHasOneRange) {
  const std::string services = "pxe-service=tag:a,11,a,a.efi\npxe-service=tag:b,11,b,b.efi\n";
  EXPECT_THAT(
      findings("dhcp-range=set:a,10.0.0.0,proxy\ndhcp-range=set:b,10.0.1.0,proxy\n" + services),
      IsEmpty());
  EXPECT_THAT(findings("dhcp-range=set:a,10.0.0.0,proxy\ndhcp-match=set:b,60\n" + services),
              ElementsAre("several-uefi-services:3"));
}

}  // namespace
}  // namespace pxeproof::server
