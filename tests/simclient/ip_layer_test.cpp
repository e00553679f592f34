#include "simclient/ip_layer.h"

#include <gmock/gmock.h>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

const Subnet kSubnet{kClient, Ipv4Address::of(255, 255, 255, 0)};

class IpLayerTest : public testing::Test {
 protected:
  IpLayerTest()
      : profile_(*firmware::builtin_profile("ipxe-bios")),
        ip_(*profile_, kMac, TickClock({}, {}), frames::ChecksumPolicy::Verify) {}

  std::vector<Frame> sent() {
    std::vector<Frame> frames;
    Frame frame;
    while (ip_.poll_transmit(frame)) frames.push_back(frame);
    return frames;
  }

  Frame arp_from(Ipv4Address address, const MacAddress& mac, std::uint16_t operation) {
    return frames::build_arp({operation, mac, address, kMac, kClient}, kMac);
  }

  std::shared_ptr<const firmware::Profile> profile_;
  IpLayer ip_;
};

TEST_F(IpLayerTest, AsksForANeighbourAndSendsWhatWaited) {
  ip_.configure(kSubnet, std::nullopt);
  EXPECT_THAT(sent(), SizeIs(1));  // the announcement
  ip_.send(kStart, 1024, {kBootServer, 69}, as_bytes("one"));
  ip_.send(kStart, 1024, {kBootServer, 69}, as_bytes("two"));
  const auto asked = sent();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(frames::inspect_arp(asked[0])->target_address, kBootServer);
  (void)ip_.on_frame(kStart + 1ms, arp_from(kBootServer, kBootServerMac, frames::kArpReply));
  const auto released = sent();
  ASSERT_THAT(released, SizeIs(2));
  const auto udp = frames::inspect_udp(released[0]);
  EXPECT_EQ(udp->ethernet.destination, kBootServerMac);
  EXPECT_EQ(as_text(udp->payload), "one");
  EXPECT_FALSE(ip_.poll_timeout().has_value());
}

// client.md 2.4: requests at 0, .125, .375, .875, 1.875 s; the packets are dropped at 3.875 s.
TEST_F(IpLayerTest, GivesUpOnASilentNeighbourAndAsksAgainForTheNextPacket) {
  ip_.configure(kSubnet, std::nullopt);
  sent();
  ip_.send(kStart, 1024, {kBootServer, 69}, as_bytes("lost"));
  std::vector<Duration> times{0s};
  EXPECT_THAT(sent(), SizeIs(1));
  while (const auto timeout = ip_.poll_timeout()) {
    ip_.on_timeout(*timeout);
    const auto frames = sent();
    times.push_back(*timeout - kStart);
    if (frames.empty()) break;
  }
  EXPECT_THAT(times, testing::ElementsAre(0ms, 125ms, 375ms, 875ms, 1875ms, 3875ms));
  (void)ip_.on_frame(kStart + 4s, arp_from(kBootServer, kBootServerMac, frames::kArpReply));
  EXPECT_THAT(sent(), SizeIs(0));
  ip_.send(kStart + 5s, 1024, {kBootServer, 69}, as_bytes("again"));
  EXPECT_THAT(sent(), SizeIs(1));
}

TEST_F(IpLayerTest, SendsOffLinkTrafficToTheRouter) {
  ip_.configure(kSubnet, kAddressServer);
  sent();
  ip_.send(kStart, 1024, {Ipv4Address::of(10, 0, 0, 1), 69}, as_bytes("far"));
  const auto asked = sent();
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_EQ(frames::inspect_arp(asked[0])->target_address, kAddressServer);
}

TEST_F(IpLayerTest, SendsNothingWithoutARoute) {
  ip_.configure(kSubnet, std::nullopt);
  sent();
  ip_.send(kStart, 1024, {Ipv4Address::of(10, 0, 0, 1), 69}, as_bytes("nowhere"));
  EXPECT_THAT(sent(), SizeIs(0));
}

TEST_F(IpLayerTest, TurnsAnArpRequestRoundWithAllItsOctets) {
  ip_.configure(kSubnet, std::nullopt);
  sent();
  Frame question = arp_from(kAddressServer, kAddressServerMac, frames::kArpRequest);
  question.resize(60);  // as a switch pads it
  (void)ip_.on_frame(kStart, question);
  const auto answers = sent();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].size(), 62U);
  EXPECT_EQ(frames::inspect_arp(answers[0])->sender_mac, kMac);
}

TEST_F(IpLayerTest, AnswersArpForItsOwnAddressOnly) {
  Frame question = arp_from(kAddressServer, kAddressServerMac, frames::kArpRequest);
  (void)ip_.on_frame(kStart, question);
  EXPECT_THAT(sent(), SizeIs(0));  // no address yet
  ip_.configure({kBootServer, kSubnet.netmask}, std::nullopt);
  sent();
  (void)ip_.on_frame(kStart, question);
  EXPECT_THAT(sent(), SizeIs(0));
}

TEST_F(IpLayerTest, TakesUnicastToAnyAddressBeforeItHasOne) {
  frames::UdpSpec spec;
  spec.source_mac = kAddressServerMac;
  spec.destination_mac = kMac;
  spec.source = {kAddressServer, 67};
  spec.destination = {kClient, 68};
  const Frame frame = frames::build_udp(spec, as_bytes("offer"));
  EXPECT_TRUE(ip_.on_frame(kStart, frame).has_value());
  ip_.configure({kBootServer, kSubnet.netmask}, std::nullopt);
  EXPECT_EQ(ip_.on_frame(kStart, frame).error(), FrameFate::NotForUs);
}

TEST_F(IpLayerTest, JudgesChecksumsUnlessToldNotTo) {
  frames::UdpSpec spec;
  spec.source_mac = kAddressServerMac;
  spec.destination_mac = kMac;
  spec.source = {kAddressServer, 67};
  spec.destination = {kClient, 68};
  Frame frame = frames::build_udp(spec, as_bytes("offer"));
  frame.back() ^= 1U;
  EXPECT_EQ(ip_.on_frame(kStart, frame).error(), FrameFate::Damaged);
  IpLayer lenient(*profile_, kMac, TickClock({}, {}), frames::ChecksumPolicy::Ignore);
  EXPECT_TRUE(lenient.on_frame(kStart, frame).has_value());
}

// Captures a, e, g, h: the high octet counts packets, the low one holds frames received.
TEST_F(IpLayerTest, IdentificationCountsPacketsAndFramesReceived) {
  const auto identification = [&] {
    ip_.send(kStart, 68, {Ipv4Address::broadcast(), 67}, as_bytes("x"));
    return frames::inspect_udp(sent().back())->identification;
  };
  EXPECT_EQ(identification(), 0x0100);
  const Frame arp = arp_from(kAddressServer, kAddressServerMac, frames::kArpReply);
  for (int i = 0; i < 18; ++i) (void)ip_.on_frame(kStart, arp);
  EXPECT_EQ(identification(), 0x0202);
  for (int i = 0; i < 253; ++i) identification();
  EXPECT_EQ(identification(), 0x0002);
}

}  // namespace
}  // namespace pxeproof::rom
