#include "cli/boot_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Instant kStart = Instant{} + 1000s;
constexpr MacAddress kMac{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
constexpr MacAddress kOtherMac{{0x52, 0x54, 0, 0, 0, 1}};
constexpr Ipv4Address kAddress = Ipv4Address::of(10, 0, 0, 50);

server::ServerEvent dhcp(server::ServerEvent::Kind kind, Instant at, Ipv4Address address = {}) {
  server::ServerEvent event;
  event.kind = kind;
  event.at = at;
  event.client = kMac;
  event.architecture = 7;
  event.address = address;
  return event;
}
server::TftpEvent tftp(decltype(server::TftpEvent::what) what, Instant at) {
  return {at, {kAddress, 2070}, {}, std::move(what)};
}
server::TftpFinished sent(std::string name, std::uint64_t octets = 2048) {
  return {.name = std::move(name), .octets = octets, .duration = 210ms, .resent = 0};
}

TEST(BootWatch, TellsABootOnOneLine) {
  BootWatch watch;
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart));
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyAcknowledged, kStart + 1s, kAddress));
  EXPECT_EQ(watch.furthest()->phase, ServedPhase::Answered);
  watch.on_event(tftp(sent("grubx64.efi", 1258291), kStart + 2s));
  EXPECT_EQ(watch.furthest()->phase, ServedPhase::Nbp);
  watch.on_event(tftp(sent("grub/grub.cfg"), kStart + 3s));
  EXPECT_EQ(watch.furthest()->phase, ServedPhase::Config);
  watch.on_event(tftp(sent("vmlinuz"), kStart + 4s));
  EXPECT_FALSE(watch.poll_ended(kStart + 8s));
  EXPECT_EQ(watch.poll_timeout(), kStart + 9s);
  const auto ended = watch.poll_ended(kStart + 9s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(describe(*ended),
            "52:54:00:12:34:56  arch 7  offer -> 4011 -> grubx64.efi 1.2 MiB in 0.21 s -> "
            "grub/grub.cfg 2 KiB in 0.21 s -> vmlinuz 2 KiB in 0.21 s  booted");
  EXPECT_EQ(watch.furthest()->phase, ServedPhase::Payload);
}

TEST(BootWatch, FindsTheClientOfATransferThatNeverGaveItsAddress) {
  BootWatch watch;
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart));
  watch.on_event(tftp(server::TftpRequested{.name = "pxelinux.0", .mac = kMac}, kStart + 2s));
  watch.on_event(tftp(sent("pxelinux.0"), kStart + 2s));
  EXPECT_EQ(watch.furthest()->mac, kMac);
  EXPECT_EQ(watch.furthest()->phase, ServedPhase::Nbp);
  EXPECT_TRUE(watch.take_rest());
  EXPECT_FALSE(watch.take_rest());
}

TEST(BootWatch, SaysWhyABootStalled) {
  BootWatch watch;
  auto silent = dhcp(server::ServerEvent::Kind::Silent, kStart);
  silent.reason = server::Reason::NothingToBoot;
  watch.on_event(silent);
  EXPECT_THAT(describe(*watch.furthest()), HasSubstr("not served: no pxe-service"));
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart, kAddress));
  watch.on_event(tftp(server::TftpRefused{.name = "grubx64.efi"}, kStart));
  EXPECT_THAT(describe(*watch.furthest()), HasSubstr("grubx64.efi: no such file"));
}

// What a loader looks for last is what it could not do without, unless a file came after it.
TEST(BootWatch, SaysWhatWasLookedForLast) {
  BootWatch watch;
  watch.on_event(tftp(sent("pxelinux.0"), kStart));
  watch.on_event(tftp(server::TftpRefused{.name = "pxelinux.cfg/default"}, kStart));
  EXPECT_THAT(describe(*watch.furthest()),
              EndsWith("went quiet after nbp, and last found no pxelinux.cfg/default"));
  watch.on_event(tftp(sent("pxelinux.cfg/default"), kStart));
  EXPECT_THAT(describe(*watch.furthest()), EndsWith("went quiet after config"));
}

// An address that nobody has heard of was taken for the machine that was answered last.
TEST(BootWatch, TakesAnotherMachinesFileForItsOwn) {
  for (const std::optional<MacAddress> mac :
       {std::optional(kOtherMac), std::optional<MacAddress>()}) {
    BootWatch watch;
    watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart));
    watch.on_event(tftp(server::TftpRequested{.name = "pxelinux.0", .mac = mac}, kStart + 1s));
    watch.on_event(tftp(sent("pxelinux.0"), kStart + 1s));
    EXPECT_EQ(watch.furthest()->phase, ServedPhase::Nbp);
    EXPECT_EQ(watch.furthest()->mac, mac);
    EXPECT_EQ(watch.furthest()->address, kAddress);
  }
}

TEST(BootWatch, KnowsAnAddressThatAnotherMachineHasNow) {
  BootWatch watch;
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyAcknowledged, kStart, kAddress));
  watch.on_event(tftp(server::TftpRequested{.name = "pxelinux.0", .mac = kOtherMac}, kStart + 1s));
  watch.on_event(tftp(sent("pxelinux.0"), kStart + 1s));
  EXPECT_EQ(watch.furthest()->mac, kOtherMac);
}

// Any whole file was an NBP.
TEST(BootWatch, CountsAsProgramOnlyWhatAnAnswerNamedOrWhatIsCalledOne) {
  const auto phase_after = [](const std::string& answered, const std::string& fetched) {
    BootWatch watch;
    auto offer = dhcp(server::ServerEvent::Kind::ProxyOffered, kStart, kAddress);
    offer.file = answered;
    watch.on_event(offer);
    watch.on_event(tftp(sent(fetched), kStart + 1s));
    return watch.furthest()->phase;
  };
  EXPECT_EQ(phase_after("", "readme.txt"), ServedPhase::Answered);
  EXPECT_EQ(phase_after("loader", "readme.txt"), ServedPhase::Answered);
  EXPECT_EQ(phase_after("loader", "/loader"), ServedPhase::Nbp);
  EXPECT_EQ(phase_after("./7", "7"), ServedPhase::Nbp);
  EXPECT_EQ(phase_after("", "efi\\BOOTX64.EFI"), ServedPhase::Nbp);
  EXPECT_EQ(phase_after("", "undionly.kpxe"), ServedPhase::Nbp);
  EXPECT_EQ(phase_after("", "bootcode.bin"), ServedPhase::Nbp);
  EXPECT_EQ(phase_after("", "pxeboot.n12"), ServedPhase::Nbp);
}

// The machine takes its address from the other server, as it should.
TEST(BootWatch, SeesNoTroubleInARequestToTheAddressServer) {
  BootWatch watch;
  auto silent = dhcp(server::ServerEvent::Kind::Silent, kStart);
  silent.reason = server::Reason::LeaseRequest;
  watch.on_event(silent);
  EXPECT_EQ(watch.furthest(), nullptr);
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart));
  watch.on_event(silent);
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyAcknowledged, kStart + 1s, kAddress));
  EXPECT_EQ(describe(*watch.furthest()),
            "52:54:00:12:34:56  arch 7  offer -> 4011  went quiet after offer");
}

TEST(BootWatch, ForgetsTroubleThatAnAnswerEnded) {
  using Kind = server::ServerEvent::Kind;
  for (const Kind answer : {Kind::ProxyOffered, Kind::ProxyAcknowledged}) {
    BootWatch watch;
    auto silent = dhcp(Kind::Silent, kStart);
    silent.reason = server::Reason::NothingToBoot;
    watch.on_event(silent);
    watch.on_event(dhcp(answer, kStart + 1s));
    EXPECT_THAT(describe(*watch.furthest()), Not(HasSubstr("not served")));
  }
}

// The story ended in the middle of a file that took longer.
TEST(BootWatch, WaitsForATransferThatIsUnderWay) {
  BootWatch watch;
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyAcknowledged, kStart, kAddress));
  watch.on_event(tftp(server::TftpRequested{.name = "initrd"}, kStart + 1s));
  watch.on_event(tftp(server::TftpStarted{.name = "initrd"}, kStart + 1s));
  EXPECT_FALSE(watch.poll_ended(kStart + 90s));
  EXPECT_THAT(describe(*watch.furthest()), EndsWith("4011  still fetching initrd"));
  watch.on_event(tftp(sent("initrd"), kStart + 120s));
  EXPECT_EQ(watch.poll_timeout(), kStart + 125s);
  const auto ended = watch.poll_ended(kStart + 125s);
  ASSERT_TRUE(ended);
  EXPECT_THAT(describe(*ended), AllOf(HasSubstr("4011 -> initrd"), EndsWith("booted")));
}

TEST(BootWatch, WaitsNotForEverForAnEndThatIsNotTold) {
  BootWatch watch;
  watch.on_event(tftp(server::TftpStarted{.name = "initrd"}, kStart));
  EXPECT_EQ(watch.poll_timeout(), kStart + BootWatch::kLongestTransfer);
  EXPECT_TRUE(watch.poll_ended(kStart + BootWatch::kLongestTransfer));
}

// A single run ended with the kernel, and the initrd got no answer.
TEST(BootWatch, HasEndedWhenTheMachineThatCameSoFarIsQuiet) {
  BootWatch watch;
  watch.on_event(tftp(sent("vmlinuz"), kStart));
  EXPECT_FALSE(watch.has_ended_at(ServedPhase::Payload));
  watch.on_event(tftp(server::TftpStarted{.name = "initrd.img"}, kStart + 4s));
  EXPECT_FALSE(watch.poll_ended(kStart + 30s));
  EXPECT_FALSE(has_reached(*watch.furthest(), ServedPhase::Payload));
  watch.on_event(tftp(sent("initrd.img"), kStart + 31s));
  EXPECT_TRUE(has_reached(*watch.furthest(), ServedPhase::Payload));
  EXPECT_FALSE(watch.has_ended_at(ServedPhase::Payload));
  EXPECT_TRUE(watch.poll_ended(kStart + 36s));
  EXPECT_TRUE(watch.has_ended_at(ServedPhase::Payload));
}

TEST(BootWatch, TakesNoKernelWithoutItsInitrdForABoot) {
  BootWatch watch;
  watch.on_event(tftp(sent("vmlinuz"), kStart));
  watch.on_event(tftp(server::TftpFailed{.name = "initrd.img", .octets = 4096}, kStart + 9s));
  EXPECT_THAT(describe(*watch.furthest()),
              AllOf(HasSubstr("  initrd.img: "), EndsWith(", after 4 KiB")));
  EXPECT_TRUE(watch.poll_ended(kStart + 14s));
  EXPECT_FALSE(watch.has_ended_at(ServedPhase::Payload));
  EXPECT_TRUE(watch.has_ended_at(ServedPhase::Nbp));
}

TEST(BootWatch, ExpectsNothingMoreOfABootThatCameFarEnough) {
  BootWatch watch;
  watch.on_event(tftp(sent("pxelinux.0"), kStart));
  EXPECT_THAT(describe(*watch.furthest(), ServedPhase::Nbp), EndsWith("  reached nbp"));
  EXPECT_THAT(describe(*watch.furthest(), ServedPhase::Config), EndsWith("  went quiet after nbp"));
}

TEST(BootWatch, KnowsHowFarAnUnfinishedTransferCame) {
  BootWatch watch;
  watch.on_event(tftp(server::TftpStarted{.name = "grubx64.efi", .size = 8192}, kStart));
  watch.on_progress({{.client = {kAddress, 2070},
                      .local = {},
                      .name = "grubx64.efi",
                      .acknowledged_octets = 3072}});
  EXPECT_THAT(describe(*watch.furthest()),
              EndsWith("  still fetching grubx64.efi, 3 KiB of 8 KiB"));
}

// Three lines for one attempt: its questions lie further apart than the quiet after a boot.
TEST(BootWatch, TellsOnceOfAMachineThatIsNotServed) {
  BootWatch watch;
  const auto ask = [&watch](Instant at, server::Reason reason) {
    auto silent = dhcp(server::ServerEvent::Kind::Silent, at);
    silent.reason = reason;
    watch.on_event(silent);
    return watch.poll_ended(at + BootWatch::kQuiet).has_value();
  };
  EXPECT_TRUE(ask(kStart, server::Reason::NothingToBoot));
  EXPECT_FALSE(ask(kStart + 8s, server::Reason::NothingToBoot));
  EXPECT_TRUE(ask(kStart + 10s, server::Reason::ForeignVendorClass));
  EXPECT_FALSE(ask(kStart + 24s, server::Reason::NothingToBoot));
  EXPECT_FALSE(ask(kStart + 80s, server::Reason::NothingToBoot));
  EXPECT_TRUE(ask(kStart + 140s, server::Reason::NothingToBoot));
  watch.on_event(dhcp(server::ServerEvent::Kind::ProxyOffered, kStart + 150s));
  EXPECT_THAT(describe(*watch.poll_ended(kStart + 155s)), HasSubstr("offer"));
}

}  // namespace
}  // namespace pxeproof::cli
