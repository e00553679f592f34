#include "trace/boot_grouper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/support/capture_script.h"
#include "trace/boot_session.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::boots_of;
using testing::CaptureScript;
using testing::kProxy;
using testing::kRouter;
using testing::ScriptClient;

Answer pxelinux_menu() {
  return {.file = "pxelinux.0",
          .vendor_class = "PXEClient",
          .vendor = testing::menu_vendor(kProxy.address, "Boot")};
}

// A BIOS machine that boots pxelinux from a proxy.
void boot_pxelinux(CaptureScript& script, ScriptClient& client) {
  script.lease_with_proxy(client, pxelinux_menu());
  script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
  script.answer_4011(client, kProxy,
                     {.yiaddr = client.address,
                      .siaddr = kProxy.address,
                      .file = "pxelinux.0",
                      .vendor_class = "PXEClient"});
  script.fetch(client, kProxy, "pxelinux.0", 42430);
  script.fetch(client, kProxy, "ldlinux.c32", 3000);
  script.miss(client, kProxy, "pxelinux.cfg/01-52-54-00-12-34-56");
  script.miss(client, kProxy, "pxelinux.cfg/0A000039");
  script.fetch(client, kProxy, "pxelinux.cfg/default", 113);
  script.fetch(client, kProxy, "memtest", 20000);
}

TEST(BootGrouper, FollowsABootThroughAllItsServers) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  boot_pxelinux(script, client);
  const std::vector<Boot> boots = boots_of(script, 10s);
  ASSERT_EQ(boots.size(), 1U);
  const Boot& boot = boots[0];
  EXPECT_EQ(boot.mac, client.mac);
  EXPECT_EQ(boot.guid, client.guid);
  EXPECT_EQ(boot.architecture, 0);
  EXPECT_EQ(boot.address, client.address);
  EXPECT_EQ(boot.firmware.family, firmware::Family::Ipxe);
  EXPECT_GE(boot.firmware.confidence, 90U);
  EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
  EXPECT_EQ(boot.verdict.state, RomState::RunsPayload);
  EXPECT_EQ(boot.steps.size(), 13U);
  EXPECT_FALSE(boot.begins_before_capture);
}

TEST(BootGrouper, KeepsMachinesApartThatShareATransactionIdentifier) {
  CaptureScript script;
  std::vector<ScriptClient> clients;
  for (std::uint8_t i = 0; i < 3; ++i) {
    ScriptClient client = testing::ipxe_client();
    client.mac.octets[5] = i;
    client.guid.octets[15] = i;
    client.address = Ipv4Address::of(10, 0, 0, static_cast<std::uint8_t>(60 + i));
    client.xid = 0x26f30339;
    clients.push_back(client);
  }
  // Interleaved: each step of all, then the next; the same client ports too.
  for (ScriptClient& client : clients) script.discover(client);
  for (ScriptClient& client : clients) {
    script.offer(client, kRouter, {.yiaddr = client.address});
    script.offer(client, kProxy, pxelinux_menu());
  }
  for (ScriptClient& client : clients) script.request(client, kRouter);
  for (ScriptClient& client : clients) script.ack(client, kRouter, {.yiaddr = client.address});
  for (ScriptClient& client : clients) {
    script.rrq(client, kProxy, "memtest.efi", {});
    script.server_port = client.next_port;
  }
  for (ScriptClient& client : clients) script.data_ack(client, kProxy, 1, 100);

  const std::vector<Boot> boots = boots_of(script, 10s);
  ASSERT_EQ(boots.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(boots[i].mac, clients[i].mac);
    EXPECT_EQ(boots[i].address, clients[i].address);
    EXPECT_EQ(boots[i].steps.size(), 6U) << i;
    EXPECT_EQ(boots[i].verdict.kind, BootVerdict::Kind::Booted);
  }
}

TEST(BootGrouper, KeepsTheSecondDhcpOfAChainInTheBoot) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.lease_with_proxy(client, {.siaddr = kProxy.address, .vendor_class = "PXEClient"});
  script.ask_4011(client, kProxy.address);
  script.answer_4011(client, kProxy, {.siaddr = kProxy.address, .file = "ipxe.efi"});
  script.fetch(client, kProxy, "ipxe.efi", 5000);
  ScriptClient ipxe = client;
  ipxe.make = ScriptClient::Make::Ipxe;
  ipxe.xid = 77;
  script.lease_with_proxy(ipxe, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
  script.http_get(ipxe, kProxy, "/boot.ipxe", 200);
  script.http_get(ipxe, kProxy, "/vmlinuz", 200);
  const std::vector<Boot> boots = boots_of(script, 10s);
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(split_sessions(boots[0]).size(), 2U);
  EXPECT_EQ(boots[0].firmware.family, firmware::Family::Edk2);
  EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << boots[0].verdict.text;
}

TEST(BootGrouper, BeginsANewBootWhenAMachineStartsOver) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  boot_pxelinux(script, client);
  script.wait(60s);
  boot_pxelinux(script, client);
  EXPECT_EQ(boots_of(script).size(), 2U);
}

TEST(BootGrouper, UnderstandsACaptureThatStartsInTheMiddle) {
  CaptureScript whole;
  ScriptClient client = testing::ipxe_client();
  boot_pxelinux(whole, client);
  // From each frame on: one boot, never more; and it has booted as soon as the last file is there.
  for (std::size_t first = 1; first + 60 < whole.frames.size(); first += 3) {
    CaptureScript part;
    part.wait(0s);
    part.frames.assign(whole.frames.begin() + static_cast<std::ptrdiff_t>(first),
                       whole.frames.end());
    const std::vector<Boot> boots = boots_of(part, 10s);
    ASSERT_EQ(boots.size(), 1U) << first;
    EXPECT_TRUE(boots[0].begins_before_capture) << first;
    EXPECT_EQ(boots[0].mac, client.mac) << first;
    EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << first << boots[0].verdict.text;
  }
}

// A frame and the VLAN that it is seen in; 0: without a tag.
struct TaggedFrame {
  CaptureScript::Frame frame;
  std::uint16_t vlan = 0;
};

// The boots in frames of several VLANs.
std::vector<Boot> boots_of_vlans(std::vector<TaggedFrame> frames) {
  std::ranges::stable_sort(frames, {}, [](const TaggedFrame& each) { return each.frame.at; });
  BootGrouper grouper;
  std::uint32_t number = 0;
  for (const auto& [frame, vlan] : frames) {
    VlanTags tags;
    if (vlan != 0) tags = {.ids = {vlan, 0}, .count = 1};
    grouper.on_frame({++number, frame.at, frame.interface, frame.octets, tags});
  }
  grouper.on_frame({++number, frames.back().frame.at + 60s, 0, Bytes(60, 0)});
  grouper.finish();
  std::vector<Boot> boots;
  while (auto boot = grouper.poll_boot()) boots.push_back(std::move(*boot));
  return boots;
}

// Two machines of two networks that have the same addresses, at the same time.
std::vector<TaggedFrame> two_networks() {
  std::vector<TaggedFrame> frames;
  for (const std::uint16_t vlan : std::array<std::uint16_t, 2>{10, 20}) {
    CaptureScript script;
    ScriptClient client = testing::intel_client();
    client.mac.octets[5] = static_cast<std::uint8_t>(vlan);
    client.guid.octets[0] = static_cast<std::uint8_t>(vlan);
    script.wait(1ms * vlan);
    boot_pxelinux(script, client);
    for (const CaptureScript::Frame& frame : script.frames) frames.push_back({frame, vlan});
  }
  return frames;
}

TEST(BootGrouper, TellsMachinesWithOneAddressApartByTheirVlans) {
  const std::vector<Boot> boots = boots_of_vlans(two_networks());
  ASSERT_EQ(boots.size(), 2U);
  EXPECT_EQ(boots[0].steps.size(), boots[1].steps.size());
  for (const Boot& boot : boots) {
    EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
    EXPECT_TRUE(boot.address_rivals.empty());
  }
}

// The same of boards with a fixed address, of which there is nothing but TFTP.
TEST(BootGrouper, TellsBoardsWithOneAddressApartByTheirVlans) {
  std::vector<TaggedFrame> frames;
  for (const TaggedFrame& each : two_networks()) {
    const auto packet = see_packet(each.frame.octets);
    ASSERT_TRUE(packet);
    if (packet->protocol != 17 || packet->source.port < 1024) continue;
    if (packet->source.port == 4011 || packet->destination.port == 4011) continue;
    frames.push_back(each);
  }
  const std::vector<Boot> boots = boots_of_vlans(frames);
  ASSERT_EQ(boots.size(), 2U);
  for (const Boot& boot : boots) {
    EXPECT_EQ(boot.verdict.kind, BootVerdict::Kind::Booted) << boot.verdict.text;
    EXPECT_TRUE(boot.address_rivals.empty());
  }
}

// The "any" device of a host with VLANs shows a frame with its tag, and again without it.
TEST(BootGrouper, TakesAFrameWithAndWithoutItsTagForOne) {
  std::vector<TaggedFrame> frames;
  for (const TaggedFrame& each : two_networks()) {
    if (each.vlan != 10) continue;
    frames.push_back(each);
    frames.push_back(each);
    frames.back().vlan = 0;
    frames.back().frame.at += 50us;
    frames.back().frame.interface = 1;
  }
  const std::vector<Boot> boots = boots_of_vlans(frames);
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << boots[0].verdict.text;
  // Those before it has an address are nobody's.
  EXPECT_GT(boots[0].duplicates, frames.size() / 2 - 10);
}

// A mirror of what ports receive shows the answers in the servers' VLAN, before they are routed.
TEST(BootGrouper, FollowsADialogueThroughARouterBetweenVlans) {
  std::vector<TaggedFrame> frames;
  for (TaggedFrame each : two_networks()) {
    if (each.vlan != 10) continue;
    const auto packet = see_packet(each.frame.octets);
    ASSERT_TRUE(packet);
    if (packet->source.address == kProxy.address) each.vlan = 30;
    frames.push_back(each);
  }
  const std::vector<Boot> boots = boots_of_vlans(frames);
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << boots[0].verdict.text;
}

TEST(BootGrouper, ReadsVlanTagsAndCutFrames) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  boot_pxelinux(script, client);
  CaptureScript tagged = script;
  tagged.edit([](Bytes& frame) {
    const Bytes tag{0x81, 0x00, 0x00, 0x64};
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  });
  ASSERT_EQ(boots_of(tagged, 10s).size(), 1U);
  EXPECT_EQ(boots_of(tagged, 10s)[0].verdict.kind, BootVerdict::Kind::Booted);

  // 128 octets: the head of a DHCP message without its options, TFTP without its content.
  CaptureScript cut = script;
  cut.edit([](Bytes& frame) { frame.resize(std::min<std::size_t>(frame.size(), 300)); });
  const std::vector<Boot> boots = boots_of(cut, 10s);
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].mac, client.mac);
  EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << boots[0].verdict.text;
}

TEST(BootGrouper, CountsAPacketOnceThatTwoInterfacesSaw) {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  boot_pxelinux(script, client);
  const std::size_t steps = boots_of(script)[0].steps.size();
  CaptureScript twice;
  for (const CaptureScript::Frame& frame : script.frames) {
    twice.frames.push_back(frame);
    twice.frames.push_back(frame);
    twice.frames.back().interface = 1;
  }
  const std::vector<Boot> boots = boots_of(twice, 10s);
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].steps.size(), steps);
  for (const Step& step : boots[0].steps) {
    if (const auto* transfer = std::get_if<TransferStep>(&step.what)) {
      EXPECT_EQ(transfer->resent, 0U);
    }
  }
}

// dnsmasq as a relay sends each packet on to every server it knows: seen on the servers' side only,
// the client still asked once.
TEST(BootGrouper, CountsWhatARelaySendsToTwoServersAsOneQuestion) {
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  script.discover(client);
  const Bytes asked = script.frames.front().octets;
  for (const std::uint8_t server : {std::uint8_t{2}, std::uint8_t{3}}) {
    Bytes sent = asked;
    constexpr std::size_t kDestination = 30;
    constexpr std::size_t kGiaddr = 42 + 24;
    const std::array<std::uint8_t, 4> to{10, 2, 0, server};
    const std::array<std::uint8_t, 4> relay{10, 1, 0, 1};
    std::ranges::copy(to, sent.begin() + kDestination);
    std::ranges::copy(relay, sent.begin() + kGiaddr);
    script.frame(std::move(sent));
  }
  script.frames.erase(script.frames.begin());
  const std::vector<Boot> boots = boots_of(script, 10s);
  ASSERT_EQ(boots.size(), 1U);
  const auto sessions = split_sessions(boots[0]);
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].discovers.size(), 1U);
  EXPECT_EQ(sessions[0].client_copies.size(), 1U);
}

TEST(BootGrouper, LeavesOrdinaryDhcpClientsOut) {
  CaptureScript script;
  ScriptClient phone;
  phone.make = ScriptClient::Make::Plain;
  script.lease(phone);
  EXPECT_TRUE(boots_of(script).empty());
}

TEST(BootGrouper, StaysSmallWhateverItIsFed) {
  BootGrouper grouper({.open_boots = 64, .steps_per_boot = 32, .steps_in_all = 256});
  std::size_t handed_out = 0;
  CaptureScript script;
  ScriptClient client = testing::edk2_client();
  for (std::uint32_t i = 0; i < 3000; ++i) {
    client.mac.octets[4] = static_cast<std::uint8_t>(i >> 8U);
    client.mac.octets[5] = static_cast<std::uint8_t>(i);
    script.frames.clear();
    script.discover(client);
    for (const auto& frame : script.frames) grouper.on_frame({i + 1, frame.at, 0, frame.octets});
    while (grouper.poll_boot()) ++handed_out;
  }
  EXPECT_GE(handed_out, 3000U - 64U);
  EXPECT_EQ(grouper.totals().dropped_boots, handed_out);

  // One machine that asks for ever.
  BootGrouper patient({.open_boots = 64, .steps_per_boot = 32, .steps_in_all = 256});
  client = testing::edk2_client();
  for (std::uint32_t i = 0; i < 3000; ++i) {
    script.frames.clear();
    script.discover(client);
    for (const auto& frame : script.frames) patient.on_frame({i + 1, frame.at, 0, frame.octets});
  }
  patient.finish();
  const auto boot = patient.poll_boot();
  ASSERT_TRUE(boot);
  EXPECT_EQ(boot->steps.size(), 32U);
  EXPECT_EQ(boot->steps_left_out, 3000U - 32U);
}

}  // namespace
}  // namespace pxeproof::trace
