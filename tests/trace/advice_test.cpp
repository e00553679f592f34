// The lines that a finding prints fit the client that boots and the server that answers it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/fault_captures.h"
#include "tests/support/script_parts.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::boots_of;
using testing::CaptureScript;
using testing::edk2_client;
using ::testing::HasSubstr;
using testing::intel_client;
using testing::kProxy;
using testing::kRouter;
using ::testing::Not;
using testing::ScriptClient;

// The faults of a script's only boot, the most telling first.
struct Told {
  std::vector<Finding> faults;

  std::string rule() const { return faults.empty() ? "" : std::string(faults[0].rule->id); }
  // The lines of all its fixes, each behind the name of its server.
  std::string fixes() const {
    std::string text;
    for (const Fix& fix : faults.empty() ? std::vector<Fix>{} : faults[0].fixes) {
      text += fix.server + ": " + fix.text + "\n";
    }
    return text;
  }
};

Told told_of(const CaptureScript& script, Duration silence = 60s) {
  const std::vector<Boot> boots = boots_of(script, silence);
  EXPECT_EQ(boots.size(), 1U);
  CaptureContext context;
  context.first = script.frames.front().at;
  context.last = script.now() + silence;
  for (const Boot& boot : boots) context.boots.push_back(&boot);
  if (boots.empty()) return {};
  return {explain_boot(boots[0], boots[0].firmware.family, context).faults};
}

CaptureScript offered_nothing(ScriptClient client) {
  CaptureScript script;
  for (const Duration pause : {4s, 8s, 16s, 32s}) {
    script.discover(client).offer(client, kRouter, {.yiaddr = client.address}).wait(pause);
  }
  return script;
}

ScriptClient uboot_client() {
  ScriptClient client;
  client.make = ScriptClient::Make::Uboot;
  client.architecture = 22;
  return client;
}

// dnsmasq 2.90 that leases addresses sends UEFI to 4011 for its pxe-service and is silent there.
TEST(Advice, WithoutABootOfferIsOneForTheLessorAndOneForAProxy) {
  const Told told = told_of(offered_nothing(edk2_client()));
  EXPECT_EQ(told.rule(), "R01");
  EXPECT_THAT(told.fixes(), HasSubstr("dnsmasq: dhcp-match=set:a7,option:client-arch,7\n"
                                      "dhcp-boot=tag:a7,grubx64.efi\n"
                                      "dnsmasq proxy: pxe-service=X86-64_EFI,"));
  // An offer that names nothing is no cure: only the file is.
  EXPECT_EQ(told.faults[0].until, "nbp");
}

TEST(Advice, ForBiosIsThePxeServiceThatWorksInBothModes) {
  const Told told = told_of(offered_nothing(intel_client()));
  EXPECT_EQ(told.rule(), "R01");
  EXPECT_THAT(told.fixes(), HasSubstr("dnsmasq: pxe-service=x86PC,\"Network boot\",pxelinux.0\n"));
  EXPECT_THAT(told.fixes(), Not(HasSubstr("proxy")));
}

TEST(Advice, ForAFileOfAnotherMachineReplacesTheLessorsOwnLine) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "grubia32.efi"});
  script.fetch(client, kRouter, "grubia32.efi", 40'000, 1468);
  const Told told = told_of(script);
  EXPECT_EQ(told.rule(), "R08");
  EXPECT_THAT(told.fixes(), HasSubstr("dhcp-boot=tag:a7,grubx64.efi"));
  EXPECT_THAT(told.fixes(), Not(HasSubstr("pxe-service")));
}

TEST(Advice, ForAFileOfAnotherMachineIsAPxeServiceWhereAProxyNamesIt) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  testing::boot_edk2(script, client, "grubia32.efi", 40'000);
  const Told told = told_of(script);
  EXPECT_EQ(told.rule(), "R08");
  EXPECT_THAT(told.fixes(), HasSubstr("pxe-service=X86-64_EFI,\"Network boot\",grubx64.efi"));
  EXPECT_THAT(told.fixes(), Not(HasSubstr("dhcp-boot")));
}

TEST(Advice, ForALoopOfIpxeDependsOnWhoNamesIt) {
  CaptureScript leased;
  CaptureScript by_proxy;
  ScriptClient client = edk2_client();
  ScriptClient ipxe = testing::as_ipxe(client);
  for (ScriptClient* each : {&client, &ipxe}) {
    leased.lease(*each, {.siaddr = kRouter.address, .file = "ipxe.efi"});
    leased.fetch(*each, kRouter, "ipxe.efi", 40'000, 1468).wait(2s);
    testing::reach_file(by_proxy, *each, "ipxe.efi");
    by_proxy.fetch(*each, kProxy, "ipxe.efi", 40'000, 1468).wait(2s);
  }
  const Told told = told_of(leased);
  EXPECT_EQ(told.rule(), "R09");
  EXPECT_THAT(told.fixes(), HasSubstr("dhcp-match=set:ipxe,175\ndhcp-boot=tag:!ipxe,ipxe.efi\n"
                                      "dhcp-boot=tag:ipxe,http://SERVER/boot.ipxe"));
  const Told other = told_of(by_proxy);
  EXPECT_EQ(other.rule(), "R09");
  EXPECT_THAT(other.fixes(), HasSubstr("pxe-service=tag:!ipxe,X86-64_EFI,\"iPXE\",ipxe.efi"));
}

TEST(Advice, NamesAFileOfTheClientsArchitectureOrNone) {
  struct Row {
    std::uint16_t architecture;
    std::string_view file;
  };
  for (const Row row : {Row{2, "bootia64.efi"}, Row{19, "grubaa64.efi"}, Row{25, "grubriscv32.efi"},
                        Row{39, "grubloongarch64.efi"}, Row{100, "FILE"}}) {
    ScriptClient client = edk2_client();
    client.architecture = row.architecture;
    const Told told = told_of(offered_nothing(client));
    EXPECT_THAT(told.fixes(), HasSubstr(row.file)) << row.architecture;
    EXPECT_THAT(told.fixes(), Not(HasSubstr("x64"))) << row.architecture;
  }
}

// Takes option 93 out of all questions.
CaptureScript without_architecture(CaptureScript script) {
  script.edit([](Bytes& octets) {
    constexpr std::array<std::uint8_t, 2> kOption{93, 2};
    const auto found = std::search(octets.begin(), octets.end(), kOption.begin(), kOption.end());
    constexpr std::uint8_t kPrivate = 224;  // RFC 3942
    if (found != octets.end()) *found = kPrivate;
  });
  return script;
}

TEST(Advice, ForAnUnknownArchitectureIsNotForBios) {
  const Told told = told_of(without_architecture(offered_nothing(intel_client())));
  EXPECT_EQ(told.rule(), "R01");
  EXPECT_THAT(told.fixes(), HasSubstr("dnsmasq: dhcp-boot=FILE\n"));
  for (const Finding& finding : told.faults) {
    for (const Fix& fix : finding.fixes) {
      EXPECT_THAT(fix.text, Not(HasSubstr("x86PC"))) << finding.rule->id;
      EXPECT_THAT(fix.text, Not(HasSubstr("pxelinux"))) << finding.rule->id;
    }
  }
}

// U-Boot says no PXEClient: dnsmasq has no pxe-service for it, with option 93 or without.
TEST(Advice, ForUbootIsDhcpBoot) {
  CaptureScript script;
  ScriptClient client = uboot_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "Image"});
  script.miss(client, kRouter, "Image");
  for (const CaptureScript& each : {script, without_architecture(script)}) {
    const Told told = told_of(each);
    EXPECT_EQ(told.rule(), "R15");
    EXPECT_THAT(told.fixes(), HasSubstr("name the file that is there: dhcp-boot=NAME"));
  }
}

TEST(Advice, ForARaspberryPiNamesNoFile) {
  CaptureScript script;
  ScriptClient client = testing::pi_client();
  script.lease(client, {.siaddr = kRouter.address,
                        .vendor_class = "PXEClient",
                        .vendor = testing::menu_vendor(kRouter.address, "Raspberry Pi Boot")});
  script.miss(client, kRouter, "9b8da124/start4.elf");
  const Told told = told_of(script);
  EXPECT_EQ(told.rule(), "R15");
  EXPECT_THAT(told.fixes(), HasSubstr("put \"9b8da124/start4.elf\" below tftp-root"));
  EXPECT_THAT(told.fixes(), Not(HasSubstr("NAME")));
}

TEST(Advice, ForAUrlAskedByTftpIsAFile) {
  CaptureScript script;
  ScriptClient client = intel_client();
  const std::string url = "http://10.0.0.1/undionly.kpxe";
  script.lease(client, {.siaddr = kRouter.address, .file = url});
  script.miss(client, kRouter, url);
  const Told told = told_of(script);
  EXPECT_EQ(told.rule(), "R15");
  EXPECT_THAT(told.fixes(), HasSubstr("pxe-service=x86PC,\"Network boot\",undionly.kpxe"));
  EXPECT_THAT(told.fixes(), Not(HasSubstr("http")));
}

TEST(Advice, ForAScriptByUrlLoadsIpxeFirst) {
  CaptureScript script;
  ScriptClient client = intel_client();
  const std::string url = "http://10.0.0.1/boot.ipxe";
  script.lease(client, {.siaddr = kRouter.address, .file = url});
  script.miss(client, kRouter, url);
  EXPECT_THAT(told_of(script).fixes(), HasSubstr("dhcp-boot=tag:ipxe,http://10.0.0.1/boot.ipxe"));
}

// Options 209 and 210 are PXELINUX's and U-Boot's (RFC 5071).
TEST(Advice, OfOptions209And210IsForThoseThatReadThem) {
  struct Row {
    std::string program;
    std::string configuration;
    bool reads = false;
  };
  for (const Row& row :
       {Row{"grubx64.efi", "/grub/grub.cfg"}, Row{"boot\\x64\\bootmgfw.efi", "\\boot\\BCD"},
        Row{"syslinux.efi", "pxelinux.cfg/default", true}}) {
    CaptureScript script;
    ScriptClient client = edk2_client();
    testing::boot_edk2(script, client, row.program, 40'000);
    script.miss(client, kProxy, row.configuration);
    const Told told = told_of(script);
    EXPECT_EQ(told.rule(), "R49") << row.program;
    EXPECT_EQ(told.fixes().find("209") != std::string::npos, row.reads) << row.program;
  }
}

// The name is the DHCP server's, not one that iPXE looks for.
TEST(Advice, ForAScriptThatDhcpNamedToIpxeIsToCorrectItThere) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "ipxe.efi"});
  script.fetch(client, kRouter, "ipxe.efi", 40'000, 1468).wait(2s);
  ScriptClient ipxe = testing::as_ipxe(client);
  script.lease(ipxe, {.siaddr = kRouter.address, .file = "boot.ipxe"});
  script.miss(ipxe, kRouter, "boot.ipxe");
  const Told told = told_of(script);
  EXPECT_EQ(told.rule(), "R15");
  EXPECT_THAT(told.faults[0].cause, HasSubstr("which it names itself as boot file"));
  EXPECT_THAT(told.fixes(), HasSubstr("dhcp-boot=tag:ipxe,NAME"));
}

}  // namespace
}  // namespace pxeproof::trace
