#include <gmock/gmock.h>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

RomOptions options_of(std::string_view profile) {
  RomOptions options = ipxe_options();
  options.profile = *firmware::builtin_profile(profile);
  options.tick_phase = Duration(400ms);
  return options;
}

// One plain service: an offer of class PXEClient, and the file on port 4011.
Script one_service() {
  Script script;
  script.on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.header.siaddr = kBootServer;
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    return reply;
  };
  script.files["pxelinux.0"] = std::string(20 * 1468 + 7, 'x');
  return script;
}

bool is_discover(const frames::Udp& udp) {
  const auto message = dhcp::MessageView::parse(udp.payload);
  return message && message->type() == dhcp::MessageType::Discover;
}
bool is_proxy_request(const frames::Udp& udp) { return udp.destination.port == 4011; }

std::vector<std::uint16_t> error_codes(const RomBench& bench) {
  std::vector<std::uint16_t> codes;
  for (const Sent& sent : bench.sent()) {
    const auto udp = frames::inspect_udp(sent.frame);
    if (!udp || dhcp::MessageView::parse(udp->payload)) continue;
    const auto packet = tftp::decode(udp->payload);
    if (!packet) continue;
    if (const auto* const error = std::get_if<tftp::Error>(&*packet)) codes.push_back(error->code);
  }
  return codes;
}

firmware::Failure failure_of(RomBench& bench) {
  const Failed* const failed = bench.rom().failed();
  EXPECT_NE(failed, nullptr);
  return failed != nullptr && failed->failure ? *failed->failure : firmware::Failure::NotAnImage;
}

TEST(Edk2Manners, BootsAfterASizeProbe) {
  RomBench bench(options_of("edk2-x64"), one_service());
  bench.run();
  ASSERT_NE(bench.rom().booted(), nullptr);
  EXPECT_THAT(error_codes(bench), ElementsAre(8));  // ends the probe
}

// capture ovmf-x64-no-proxy: the first wait lasts to the fourth tick, later ones are exact.
TEST(Edk2Manners, RepeatsDiscoverAtItsTicks) {
  Script script = one_service();
  script.on_discover_address = nullptr;
  script.on_discover_proxy = nullptr;
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  EXPECT_THAT(bench.times_of(is_discover), ElementsAre(0ms, 3400ms, 11400ms, 27400ms));
  EXPECT_EQ(failure_of(bench), firmware::Failure::NoOffer);
}

TEST(Edk2Manners, TakesNoAddressWithoutSomethingToBoot) {
  Script script = one_service();
  script.on_discover_proxy = nullptr;
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  EXPECT_THAT(bench.events_of<RequestSent>(), testing::IsEmpty());
  EXPECT_EQ(failure_of(bench), firmware::Failure::OffersUnusable);
  EXPECT_EQ(bench.rom().failed()->firmware_words, "PXE-E16: No valid offer received.");
}

// facts 3.4: four sends, waits of 1, 2, 3 and 4 s.
TEST(Edk2Manners, FailsWhenPort4011IsSilent) {
  Script script = one_service();
  script.on_boot_server = nullptr;
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  const std::vector<Duration> times = bench.times_of(is_proxy_request);
  ASSERT_EQ(times.size(), 4U);
  // The first packet waits for an ARP reply, the others for the tick.
  EXPECT_LT(1s - (times[1] - times[0]), 1ms);
  EXPECT_EQ(times[2] - times[1], 2s);
  EXPECT_EQ(times[3] - times[2], 3s);
  EXPECT_EQ(failure_of(bench), firmware::Failure::ProxySilent);
}

TEST(Edk2Manners, EndsWithTheFirstNak) {
  Script script = one_service();
  script.on_request = [](const dhcp::Message& request) {
    return reply_to(request, dhcp::MessageType::Nak, kAddressServer);
  };
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  EXPECT_EQ(bench.events_of<RequestSent>().size(), 1U);
  EXPECT_EQ(failure_of(bench), firmware::Failure::RequestRefused);
}

TEST(Edk2Manners, DeclinesALeaseWithoutANetmask) {
  Script script = one_service();
  const auto usual = script.on_request;
  script.on_request = [usual](const dhcp::Message& request) {
    auto reply = usual(request);
    reply->remove(dhcp::OptionCode::SubnetMask);
    return reply;
  };
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  EXPECT_EQ(failure_of(bench), firmware::Failure::LeaseUnusable);
  const auto last = frames::inspect_udp(bench.sent().back().frame);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(dhcp::MessageView::parse(last->payload)->type(), dhcp::MessageType::Decline);
}

TEST(Edk2Manners, GivesUpAServerThatDoesNotTellTheSize) {
  Script script = one_service();
  script.tells_size = false;
  RomBench bench(options_of("edk2-x64"), script);
  bench.run();
  EXPECT_THAT(error_codes(bench), ElementsAre(4));
  EXPECT_EQ(failure_of(bench), firmware::Failure::SizeUnknown);
}

// CLIENT-02: it refuses with ERROR 4, where RFC 2347 has ERROR 8; and a timeout it never asked for
// is the one option that it lets through.
TEST(Edk2Manners, RefusesKnownOptionsItDidNotAskFor) {
  Script multicast = one_service();
  multicast.odd_options = {{"multicast", "239.1.1.1,1758,1"}};
  RomBench refused(options_of("edk2-x64"), multicast);
  refused.run();
  // The question for the size ends as ever (8); the request for the file is refused.
  EXPECT_THAT(error_codes(refused), ElementsAre(8, 4));
  EXPECT_EQ(failure_of(refused), firmware::Failure::FileOptions);

  Script odd = one_service();
  odd.odd_options = {{"timeout", "2"}, {"x-nobody-knows", "1"}};
  RomBench taken(options_of("edk2-x64"), odd);
  taken.run();
  EXPECT_NE(taken.rom().booted(), nullptr);
}

// U-Boot takes the file from the address server's answer.
Script address_server_names(const std::string& file) {
  Script script = one_service();
  script.on_request = [usual = script.on_request, file](const dhcp::Message& request) {
    auto reply = usual(request);
    reply->header.siaddr = kBootServer;
    reply->header.set_file(file);
    return reply;
  };
  return script;
}

TEST(UbootManners, TakesTheFirstOfferAndAsksForItsScriptFirst) {
  Script script = address_server_names("pxelinux.0");
  RomBench bench(options_of("uboot-arm64"), script);
  bench.run();
  std::vector<std::string> names;
  for (const FileBegun& file : bench.events_of<FileBegun>()) names.push_back(file.name);
  EXPECT_THAT(names, ElementsAre("boot.scr.uimg", "pxelinux.0", "dtb/"));
  EXPECT_NE(bench.rom().booted(), nullptr);
}

// CLIENT-02: measured with U-Boot 2023.01 and `oack windowsize=4`: it waits for four blocks, and
// its timer of 5 s sends the ACK that a server of single blocks waits for.
TEST(UbootManners, ObeysAWindowItDidNotAskFor) {
  Script script = address_server_names("pxelinux.0");
  script.files["pxelinux.0"] = std::string(2 * 1468 + 7, 'x');
  script.odd_options = {{"windowsize", "4"}};
  RomBench bench(options_of("uboot-arm64"), script);
  bench.run();
  EXPECT_NE(bench.rom().booted(), nullptr);
  EXPECT_GE(bench.now() - kStart, 10s);  // blocks 1 and 2; the last one is short, and ends it
  EXPECT_LT(bench.now() - kStart, 15s);
}

// PXE-E55, the most common complaint about proxies that only offer.
TEST(IntelManners, NeedsPort4011) {
  Script script = one_service();
  script.on_boot_server = nullptr;
  RomBench bench(options_of("intel-2.1"), script);
  bench.run();
  EXPECT_EQ(failure_of(bench), firmware::Failure::ProxySilent);
  EXPECT_THAT(bench.rom().failed()->firmware_words, testing::StartsWith("PXE-E55"));
}

TEST(GrubManners, TakesAProxysOfferWhenItComesFirst) {
  RomBench bench(options_of("grub"), one_service());
  bench.start();
  bench.run_until(kStart + 100ms);
  ASSERT_EQ(bench.events_of<RequestSent>().size(), 1U);
  EXPECT_EQ(bench.events_of<RequestSent>().front().server, kBootServer);
}

}  // namespace
}  // namespace pxeproof::rom
