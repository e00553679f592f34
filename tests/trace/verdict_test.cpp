// What a boot is said to have come to, where its last packets alone would mislead.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/capture_script.h"
#include "tests/support/script_parts.h"
#include "trace/rules/rule.h"
#include "trace/second_card.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::as_ipxe;
using testing::boots_of;
using testing::CaptureScript;
using testing::edk2_client;
using ::testing::HasSubstr;
using testing::ipxe_client;
using ::testing::IsEmpty;
using testing::kProxy;
using testing::kRouter;
using testing::ScriptClient;
using Kind = BootVerdict::Kind;

struct Told {
  std::vector<Boot> boots;
  std::vector<Explanation> explanations;

  const BootVerdict& verdict() const { return boots.front().verdict; }
  std::string cause() const {
    const auto& faults = explanations.front().faults;
    return faults.empty() ? std::string() : std::string(faults.front().rule->id);
  }
  const std::string& undecided() const { return explanations.front().undecided; }
};

Told tell(const CaptureScript& script) {
  Told told;
  told.boots = boots_of(script, 60s);
  std::vector<Boot*> all;
  for (Boot& boot : told.boots) all.push_back(&boot);
  judge_second_cards(all);
  CaptureContext context;
  context.first = script.frames.front().at;
  context.last = script.now() + 60s;
  for (const Boot& boot : told.boots) context.boots.push_back(&boot);
  for (const Boot& boot : told.boots) {
    told.explanations.push_back(explain_boot(boot, boot.firmware.family, context));
  }
  return told;
}

// What a filter of UDP ports lets through.
CaptureScript filtered(CaptureScript script, std::uint16_t highest_port) {
  constexpr std::size_t kSourcePort = 34;
  std::erase_if(script.frames, [highest_port](const CaptureScript::Frame& frame) {
    const auto port = [&frame](std::size_t at) {
      return static_cast<std::uint16_t>(frame.octets[at] << 8U | frame.octets[at + 1]);
    };
    return std::min(port(kSourcePort), port(kSourcePort + 2)) > highest_port;
  });
  return script;
}

void lease_system(CaptureScript& script, const ScriptClient& client) {
  ScriptClient system = client;
  system.make = ScriptClient::Make::Plain;
  script.wait(20s).lease(system);
}

CaptureScript grub_boot(ScriptClient& client) {
  CaptureScript script;
  script.lease(client, {.siaddr = kRouter.address, .file = "grubx64.efi"});
  script.probe(client, kRouter, "grubx64.efi", 9000);
  script.fetch(client, kRouter, "grubx64.efi", 9000);
  script.fetch(client, kRouter, "grub/grub.cfg", 300).wait(2s);
  script.fetch(client, kRouter, "vmlinuz", 9000);
  script.fetch(client, kRouter, "initrd.img", 9000);
  return script;
}

// `port 67 or 68 or 69`: a healthy boot was told "firewall, likely".
TEST(CaptureOfPort69, LeavesOpenHowABootEnded) {
  ScriptClient client = edk2_client();
  const Told told = tell(filtered(grub_boot(client), 69));
  EXPECT_EQ(told.verdict().kind, Kind::Unfinished) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
  EXPECT_THAT(told.undecided(), HasSubstr("port 69"));
}

TEST(CaptureOfPort69, ShowsABootByTheSystemBehindIt) {
  ScriptClient client = edk2_client();
  CaptureScript script = grub_boot(client);
  lease_system(script, client);
  const Told told = tell(filtered(script, 69));
  EXPECT_EQ(told.verdict().kind, Kind::Booted) << told.verdict().text;
  EXPECT_THAT(told.verdict().text, HasSubstr("lacks the transfers"));
  EXPECT_FALSE(told.explanations.front().is_fault(told.boots.front()));
}

// A loader that hears nothing asks again before it tries the next name.
TEST(CaptureOfPort69, IsNotWhatALadderOfNamesOverADeadPortIs) {
  CaptureScript script;
  ScriptClient client;
  client.make = ScriptClient::Make::Uboot;
  client.architecture = 22;
  script.lease(client, {.siaddr = kRouter.address});
  for (const char* const name : {"pxelinux.cfg/01-52", "pxelinux.cfg/0A000039"}) {
    script.rrq(client, kRouter, name);
    for (int tries = 0; tries < 3; ++tries) script.wait(5s).repeat_rrq(client, kRouter, name);
    script.wait(5s);
  }
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Stalled) << told.verdict().text;
  EXPECT_EQ(told.cause(), "R10");
}

// Some ROMs take a new port for each try.
TEST(CaptureOfPort69, IsNotWhatTriesFromNewPortsAre) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "grubx64.efi"});
  for (const char* const name : {"grubx64.efi", "boot/grubx64.efi"}) {
    for (int tries = 0; tries < 2; ++tries) script.rrq(client, kRouter, name).wait(4s);
  }
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Stalled) << told.verdict().text;
  EXPECT_EQ(told.cause(), "R10");
}

TEST(CaptureOfDhcpOnly, LeavesOpenHowABootEnded) {
  ScriptClient client = edk2_client();
  CaptureScript script = grub_boot(client);
  const Told alone = tell(filtered(script, 68));
  EXPECT_THAT(alone.undecided(), HasSubstr("filter"));
  lease_system(script, client);
  const Told told = tell(filtered(script, 68));
  EXPECT_EQ(told.verdict().kind, Kind::Unfinished) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
}

// U-Boot's scripts, and iPXE's with "||", go on behind a kernel that is missing.
TEST(MissingKernel, IsTheEndThoughALaterFileComes) {
  for (const char* const kernel : {"Image", "vmlinuz"}) {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kRouter.address, .file = "boot.ipxe"});
    script.fetch(client, kRouter, "boot.ipxe", 90);
    script.miss(client, kRouter, kernel);
    script.fetch(client, kRouter, "initrd.img", 9000);
    script.fetch(client, kRouter, "board.dtb", 900);
    const Told told = tell(script);
    EXPECT_EQ(told.verdict().kind, Kind::Refused) << told.verdict().text;
    EXPECT_THAT(told.verdict().text, HasSubstr(kernel));
    EXPECT_EQ(told.cause(), "R15");
  }
}

TEST(MissingKernel, IsMadeGoodByAnotherName) {
  CaptureScript script;
  ScriptClient client = ipxe_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "boot.ipxe"});
  script.fetch(client, kRouter, "boot.ipxe", 90);
  script.miss(client, kRouter, "vmlinuz-7").fetch(client, kRouter, "vmlinuz-6", 9000);
  script.fetch(client, kRouter, "initrd.img", 9000);
  EXPECT_EQ(tell(script).verdict().kind, Kind::Booted);
}

TEST(EmptyFile, DoesNotBoot) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "x.efi"});
  script.fetch(client, kRouter, "x.efi", 0);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Stalled) << told.verdict().text;
  EXPECT_EQ(told.cause(), "R77");
}

TEST(EmptyFile, OfAKernelDoesNotBootThoughALaterFileComes) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "grubx64.efi"});
  script.fetch(client, kRouter, "grubx64.efi", 9000);
  script.fetch(client, kRouter, "grub/grub.cfg", 300);
  script.fetch(client, kRouter, "vmlinuz", 0);
  script.fetch(client, kRouter, "initrd.img", 9000);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Stalled) << told.verdict().text;
  EXPECT_EQ(told.cause(), "R77");
}

// The head of an EFI program in one block.
void fetch_program(CaptureScript& script, ScriptClient& client, const std::string& name,
                   std::uint16_t machine) {
  Bytes octets(500, 0);
  constexpr std::size_t kPointer = 0x3c;
  constexpr std::uint8_t kHeader = 0x80;
  octets[0] = 'M';
  octets[1] = 'Z';
  octets[kPointer] = kHeader;
  octets[kHeader] = 'P';
  octets[kHeader + 1] = 'E';
  octets[kHeader + 4] = static_cast<std::uint8_t>(machine);
  octets[kHeader + 5] = static_cast<std::uint8_t>(machine >> 8U);
  script.rrq(client, kRouter, name);
  script.from_server(client, kRouter, tftp::Data{1, octets});
  script.from_client(client, kRouter, tftp::Ack{1, {}});
}

TEST(ProgramForAnotherMachine, DoesNotBoot) {
  constexpr std::uint16_t kIa32 = 0x014c;
  CaptureScript script;
  ScriptClient client = edk2_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "bootia32.efi"});
  fetch_program(script, client, "bootia32.efi", kIa32);
  lease_system(script, client);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Stalled) << told.verdict().text;
  EXPECT_EQ(told.cause(), "R08");
}

// A Linux kernel carries a PE header, which iPXE for BIOS has no need of.
TEST(ProgramForAnotherMachine, IsNoKernelThatIpxeForBiosStarts) {
  constexpr std::uint16_t kX64 = 0x8664;
  CaptureScript script;
  ScriptClient client = ipxe_client();
  script.lease(client, {.siaddr = kRouter.address, .file = "memtest64.bin"});
  fetch_program(script, client, "memtest64.bin", kX64);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Booted) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
}

void add_root_path(dhcp::Message& message) {
  message.add_text(dhcp::OptionCode::RootPath, "iscsi:10.0.0.9::::iqn.2026-01.example:disk");
}

TEST(DiskInTheNetwork, IsWhatIpxeBoots) {
  CaptureScript script;
  ScriptClient rom = edk2_client();
  testing::boot_edk2(script, rom, "ipxe.efi", 9000);
  ScriptClient client = as_ipxe(rom);
  script.lease(client, {.change = add_root_path});
  const Told open = tell(script);
  EXPECT_EQ(open.verdict().kind, Kind::Unfinished) << open.verdict().text;
  EXPECT_THAT(open.cause(), IsEmpty());
  lease_system(script, client);
  const Told booted = tell(script);
  EXPECT_EQ(booted.verdict().kind, Kind::Booted) << booted.verdict().text;
}

CaptureScript menu(ScriptClient& client) {
  CaptureScript script;
  testing::reach_file(script, client, "pxelinux.0");
  script.fetch(client, kProxy, "pxelinux.0", 42430);
  for (const char* const name :
       {"ldlinux.c32", "pxelinux.cfg/default", "vesamenu.c32", "libcom32.c32", "libutil.c32"}) {
    script.fetch(client, kProxy, name, 900);
  }
  return script;
}

TEST(Menu, WaitsBehindItsLibraries) {
  ScriptClient client = ipxe_client();
  const Told told = tell(menu(client));
  EXPECT_EQ(told.verdict().state, RomState::LocalBoot) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
}

TEST(Menu, WaitsBehindItsPicture) {
  ScriptClient client = ipxe_client();
  CaptureScript script = menu(client);
  script.fetch(client, kProxy, "pxelinux.cfg/default", 900);
  script.fetch(client, kProxy, "splash.png", 9000);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().state, RomState::LocalBoot) << told.verdict().text;
  EXPECT_THAT(told.verdict().text, Not(HasSubstr("png")));
}

TEST(Menu, BootsTheDiskByChain) {
  ScriptClient client = ipxe_client();
  CaptureScript script = menu(client);
  script.wait(30s).fetch(client, kProxy, "chain.c32", 900);
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().state, RomState::LocalBoot) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
}

// What a file holds may have been blanked by who gave the capture away.
TEST(FirstProgram, IsNotJudgedByBlankedContents) {
  CaptureScript script;
  ScriptClient client = edk2_client();
  testing::reach_file(script, client, "bootx64.efi");
  script.rrq(client, kProxy, "bootx64.efi");
  script.from_server(client, kProxy, tftp::Data{1, Bytes(200)});
  script.from_client(client, kProxy, tftp::Ack{1, {}});
  const Told told = tell(script);
  EXPECT_EQ(told.verdict().kind, Kind::Booted) << told.verdict().text;
  EXPECT_THAT(told.cause(), IsEmpty());
}

// The ROM of one card loads iPXE, which asks by another: no Secure Boot kept it from running.
TEST(SecondCard, ShowsThatTheProgramRan) {
  CaptureScript script;
  ScriptClient rom = edk2_client();
  testing::boot_edk2(script, rom, "ipxe.efi", 9000);
  ScriptClient ipxe = as_ipxe(rom);
  ipxe.mac.octets[5] = 0x99;
  ipxe.address = Ipv4Address::of(10, 0, 0, 58);
  script.wait(3s).lease(ipxe, {.siaddr = kProxy.address, .file = "boot.ipxe"});
  script.fetch(ipxe, kProxy, "boot.ipxe", 90).fetch(ipxe, kProxy, "vmlinuz", 9000);
  const Told told = tell(script);
  ASSERT_EQ(told.boots.size(), 2U);
  EXPECT_EQ(told.verdict().kind, Kind::Booted) << told.verdict().text;
  EXPECT_THAT(told.verdict().text, HasSubstr("boot 2"));
  EXPECT_THAT(told.cause(), IsEmpty());
}

}  // namespace
}  // namespace pxeproof::trace
