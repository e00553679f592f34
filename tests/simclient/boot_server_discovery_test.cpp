#include "simclient/boot_server_discovery.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The article's proxy offer with another option 43.
Script with_vendor_options(std::string_view hex) {
  Script script;
  const Bytes value = *from_hex(hex);
  script.on_discover_proxy = [value](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    reply.add(dhcp::OptionCode::VendorSpecific, value);
    return reply;
  };
  return script;
}

// Pieces of option 43.
constexpr std::string_view kPromptNow = "0a0400505845";
constexpr std::string_view kListedServer = "0807800001c0a8b202";
constexpr std::string_view kMenu = "090f80000c4e6574776f726b20426f6f74";

std::string vendor(std::string_view control, std::string_view rest) {
  return std::string(control) + std::string(rest) + std::string(kMenu) + "ff";
}

std::vector<Endpoint> asked(const RomBench& bench) {
  std::vector<Endpoint> targets;
  for (const auto& event : bench.events_of<BootServerRequestSent>()) {
    targets.push_back(event.destination);
  }
  return targets;
}

const Endpoint kEverybody{Ipv4Address::broadcast(), 67};
const Endpoint kListed{kBootServer, 4011};

TEST(BootServerDiscovery, AsksTheListedServerAndBootsItsAnswer) {
  RomBench bench(ipxe_options());
  bench.run();
  EXPECT_THAT(asked(bench), ElementsAre(kListed));
  const auto answers = bench.events_of<BootServerAnswered>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].boot_file, "pxelinux.0");
  EXPECT_TRUE(bench.rom().booted());
}

// Capture i: requests at 16.078 and 17.116 s, then "Connection timed out
// (http://ipxe.org/4c106035)".
// dnsmasq puts a user's sub-option 6 behind its own: OVMF obeys the second, iPXE the first.
TEST(ServerSettings, TakesTheFirstOrTheLastOfTwoSubOptionsAsTheFirmwareDoes) {
  dhcp::Message offer;
  offer.header.op = dhcp::kBootReply;
  offer.add_type(dhcp::MessageType::Offer);
  offer.add(dhcp::OptionCode::VendorSpecific, *from_hex("060108060102ff"));
  ServerSettings settings;
  settings.keep_proxy(dhcp::encode(offer));
  EXPECT_EQ(settings.vendor(pxe::VendorTag::DiscoveryControl), Bytes{0x08});
  settings.set_repeated_tag(RepeatedTag::Last);
  EXPECT_EQ(settings.vendor(pxe::VendorTag::DiscoveryControl), Bytes{0x02});
  EXPECT_EQ((*firmware::builtin_profile("edk2-ia32"))->offers.repeated_tag, RepeatedTag::Last);
}

TEST(Booted, FromTheOwnDiskFallsShortOfAnythingThatWasToBeLoaded) {
  const Booted local{.reached = Phase::BootServer,
                     .what = Booted::What::LocalDisk,
                     .image = {},
                     .command_line = {}};
  EXPECT_TRUE(local.falls_short_of(Phase::Nbp));
  EXPECT_FALSE(local.falls_short_of(Phase::BootServer));
  EXPECT_FALSE(local.falls_short_of(Phase::Payload)) << "a whole boot may end there";
}

TEST(BootServerDiscovery, GivesUpOnASilentServerAfterThreeSeconds) {
  Script script;
  script.on_boot_server = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_THAT(asked(bench), ElementsAre(kListed, kListed));
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::BootServerSilent);
  EXPECT_THAT(bench.rom().failed()->firmware_words, HasSubstr("4c106035"));
  EXPECT_NEAR(to_seconds(bench.now() - kStart), 3.06, 0.06);
}

// client.md 2.3: without 43.6 broadcast comes first, the list three seconds later.
TEST(BootServerDiscovery, BroadcastsFirstWhereItMay) {
  Script script =
      with_vendor_options(vendor("", std::string(kPromptNow) + std::string(kListedServer)));
  const auto answer = script.on_boot_server;
  std::vector<std::uint16_t> secs;
  script.on_boot_server = [&](const dhcp::Message& request) -> std::optional<dhcp::Message> {
    secs.push_back(request.header.secs);
    if (secs.size() < 3) return std::nullopt;
    return answer(request);
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_THAT(asked(bench), ElementsAre(kEverybody, kEverybody, kListed));
  EXPECT_THAT(secs, ElementsAre(0x0004, 0x0008, 0x0010));  // client.md 2.1
  EXPECT_TRUE(bench.rom().booted());
}

TEST(BootServerDiscovery, AsksTheMulticastGroupUnlessForbidden) {
  const std::string pieces = "0704e0000102" + std::string(kPromptNow);
  Script script = with_vendor_options(vendor("060101", pieces));
  script.on_boot_server = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(asked(bench).front(), (Endpoint{Ipv4Address::of(224, 0, 1, 2), 4011}));
  const auto frame = std::ranges::find_if(bench.sent(), [](const Sent& sent) {
    return frames::inspect_ethernet(sent.frame)->destination ==
           MacAddress{{0x01, 0x00, 0x5e, 0x00, 0x01, 0x02}};
  });
  EXPECT_NE(frame, bench.sent().end());
}

TEST(BootServerDiscovery, FailsWhenNobodyMayBeAsked) {
  RomBench bench(ipxe_options(), with_vendor_options(vendor("060103", kPromptNow)));
  bench.run();
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NoBootServer);
}

TEST(BootServerDiscovery, TakesNoAnswerFromAServerThatIsNotListed) {
  // Broadcast allowed, answers only from 10.0.0.9.
  Script script =
      with_vendor_options(vendor("060106", std::string(kPromptNow) + "08078000010a000009"));
  RomBench bench(ipxe_options(), script);
  bench.run(2s);
  const auto ignored = bench.events_of<PacketIgnored>();
  ASSERT_FALSE(ignored.empty());
  EXPECT_EQ(ignored[0].reason, Ignored::ServerNotListed);
}

TEST(BootServerDiscovery, TakesAnAcknowledgementOfItsItemOnly) {
  Script script;
  const auto answer = script.on_boot_server;
  int calls = 0;
  script.on_boot_server = [&, answer](const dhcp::Message& request) {
    auto reply = answer(request);
    ++calls;
    if (calls == 1)
      reply->find(dhcp::OptionCode::VendorSpecific)->value = *from_hex("470480010000ff");
    if (calls == 2) reply->find(dhcp::OptionCode::MessageType)->value = {2};
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  const auto ignored = bench.events_of<PacketIgnored>();
  ASSERT_THAT(ignored, SizeIs(2));
  EXPECT_EQ(ignored[0].reason, Ignored::WrongItem);
  EXPECT_EQ(ignored[1].reason, Ignored::WrongType);
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::BootServerSilent);
}

TEST(BootServerDiscovery, GoesStraightToAFileWhenToldSo) {
  Script script;
  script.on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.header.siaddr = kBootServer;
    reply.header.set_file("pxelinux.0");
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    reply.add(dhcp::OptionCode::VendorSpecific, *from_hex(vendor("060108", kPromptNow)));
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_THAT(asked(bench), IsEmpty());
  EXPECT_TRUE(bench.rom().booted());
}

// Measured: the ROM of 2019 follows the menu of a "PXEClientX"; it reads ten octets of the option.
TEST(BootServerDiscovery, FollowsAMenuFromAClassThatBeginsWithPxeclient) {
  for (const auto& [vendor_class, follows] :
       std::map<std::string, bool>{{"PXEClientX", true}, {"PXEClien", false}}) {
    Script script;
    const auto offer = script.on_discover_proxy;
    script.on_discover_proxy = [offer, named = vendor_class](const dhcp::Message& request) {
      auto reply = offer(request);
      const ByteView octets = as_bytes(named);
      reply->find(dhcp::OptionCode::VendorClass)->value = Bytes(octets.begin(), octets.end());
      return reply;
    };
    RomBench bench(ipxe_options(), script);
    bench.run();
    EXPECT_EQ(!asked(bench).empty(), follows) << vendor_class;
    EXPECT_EQ(bench.rom().booted() != nullptr, follows) << vendor_class;
  }
}

TEST(BootServerDiscovery, KeepsAPromptsTimeOnRequest) {
  const std::string hex = vendor("060103", "0a0403505845" + std::string(kListedServer));
  RomBench hurried(ipxe_options(), with_vendor_options(hex));
  hurried.run();
  EXPECT_TRUE(hurried.rom().booted());
  EXPECT_LT(hurried.now() - kStart, Duration(1s));
  RomOptions options = ipxe_options();
  options.waits = Waits::Real;
  RomBench patient(std::move(options), with_vendor_options(hex));
  patient.run();
  EXPECT_TRUE(patient.rom().booted());
  EXPECT_GT(patient.now() - kStart, Duration(19s));
}

TEST(BootServerDiscovery, AMenuWithoutPromptWaitsForAKey) {
  const std::string hex = vendor("060103", kListedServer);
  RomBench bench(ipxe_options(), with_vendor_options(hex));
  bench.run();
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_THAT(bench.rom().failed()->reason, HasSubstr("waits for a key"));
  RomOptions options = ipxe_options();
  options.menu.item = 0;
  RomBench chosen(std::move(options), with_vendor_options(hex));
  chosen.run();
  EXPECT_TRUE(chosen.rom().booted());
}

TEST(BootServerDiscovery, KeysChangeWhatHappensAtThePrompt) {
  // Two items: local boot, then the boot server's.
  const std::string hex = "060103" + std::string("0a0403505845") + std::string(kListedServer) +
                          "09090000024f4b8000014eff";
  RomOptions options = ipxe_options();
  RomBench local(options, with_vendor_options(hex));
  local.run();
  ASSERT_TRUE(local.rom().booted());
  EXPECT_EQ(local.rom().booted()->what, Booted::What::LocalDisk);
  EXPECT_THAT(asked(local), IsEmpty());

  options.menu = {.key = Key::ShowMenu, .item = 1};
  RomBench second(options, with_vendor_options(hex));
  second.run();
  EXPECT_THAT(asked(second), SizeIs(1));

  options.menu = {.key = Key::Abort, .item = std::nullopt};
  RomBench aborted(options, with_vendor_options(hex));
  aborted.run();
  EXPECT_EQ(aborted.rom().failed()->failure, firmware::Failure::MenuAborted);
}

}  // namespace
}  // namespace pxeproof::rom
