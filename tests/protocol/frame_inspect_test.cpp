#include "protocol/frames/inspect.h"

#include <gtest/gtest.h>

#include "protocol/frames/build.h"
#include "tests/support/golden_packets.h"
#include "tests/support/mutation.h"

namespace pxeproof::frames {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

void write_u16(Bytes& octets, std::size_t offset, std::uint16_t value) {
  octets[offset] = static_cast<std::uint8_t>(value >> 8U);
  octets[offset + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

// Makes the IP header checksum right again after a change.
void repair_ip(Bytes& frame) {
  const std::size_t header = std::size_t{4} * (frame[14] & 0x0fU);
  write_u16(frame, 24, 0);
  write_u16(frame, 24, internet_checksum(ByteView(frame).subspan(14, header)));
}

Bytes rrq() { return golden::find(golden::frames(), "ipxe-bios rrq"); }

Fault fault_of(const Bytes& frame) {
  const auto udp = inspect_udp(frame);
  EXPECT_FALSE(udp);
  return udp.error().fault;
}

TEST(InspectUdp, ReadsARealFrame) {
  const Bytes frame = golden::find(golden::frames(), "dnsmasq proxy offer");
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_TRUE(udp->ethernet.destination.is_broadcast());
  EXPECT_EQ(udp->ethernet.vlan, std::nullopt);
  EXPECT_EQ(udp->tos, 0xc0);
  EXPECT_EQ(udp->ttl, 64);
  EXPECT_FALSE(udp->dont_fragment);
  EXPECT_EQ(udp->source, (Endpoint{Ipv4Address::of(192, 168, 178, 2), 67}));
  EXPECT_EQ(udp->destination, (Endpoint{Ipv4Address::broadcast(), 68}));
  EXPECT_EQ(udp->payload.size(), 318U);
  EXPECT_EQ(udp->payload.data(), frame.data() + 42);
}

TEST(InspectUdp, AllowsEthernetPadding) {
  Bytes frame = golden::find(golden::frames(), "ipxe-bios tftp ack");
  frame.resize(60, 0xee);
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_EQ(to_hex(udp->payload), "00040000");
}

TEST(InspectUdp, LooksBehindAVlanTag) {
  Bytes frame = rrq();
  const Bytes tag = hex("8100 6123");  // priority 3, VLAN 0x123
  frame.insert(frame.begin() + 12, tag.begin(), tag.end());
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->ethernet.vlan, 0x123);
  EXPECT_EQ(udp->destination.port, 69);
  EXPECT_EQ(inspect_ethernet(ByteView(frame).first(17)).error().fault, Fault::TooShort);
}

TEST(InspectUdp, ReadsIpOptions) {
  Bytes frame = rrq();
  frame.insert(frame.begin() + 34, 4, std::uint8_t{1});
  frame[14] = 0x46;
  write_u16(frame, 16, static_cast<std::uint16_t>(frame.size() - 14));
  repair_ip(frame);
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->destination.port, 69);
}

TEST(InspectUdp, NamesEachFault) {
  EXPECT_EQ(fault_of(Bytes(13)), Fault::TooShort);
  EXPECT_EQ(fault_of(golden::find(golden::frames(), "arp request")), Fault::ForeignType);

  Bytes frame = rrq();
  frame[14] = 0x65;
  EXPECT_EQ(fault_of(frame), Fault::BadIpHeader) << "version 6";
  frame = rrq();
  frame[14] = 0x44;
  EXPECT_EQ(fault_of(frame), Fault::BadIpHeader) << "header length 16";
  frame = rrq();
  write_u16(frame, 16, 19);
  EXPECT_EQ(fault_of(frame), Fault::BadIpHeader) << "total length 19";
  frame = rrq();
  write_u16(frame, 16, 65535);
  EXPECT_EQ(fault_of(frame), Fault::IpTruncated);
  frame = rrq();
  frame[22] ^= 1;
  EXPECT_EQ(fault_of(frame), Fault::IpChecksum);
  for (const std::uint16_t fragment : std::initializer_list<std::uint16_t>{0x2000, 1, 0x1fff}) {
    frame = rrq();
    write_u16(frame, 20, fragment);
    repair_ip(frame);
    EXPECT_EQ(fault_of(frame), Fault::Fragment);
  }
  frame = rrq();
  frame[23] = 6;
  repair_ip(frame);
  EXPECT_EQ(fault_of(frame), Fault::ForeignProtocol);
  frame = rrq();
  write_u16(frame, 38, 7);
  EXPECT_EQ(fault_of(frame), Fault::UdpTruncated);
  frame = rrq();
  write_u16(frame, 38, static_cast<std::uint16_t>(frame.size() - 34 + 1));
  EXPECT_EQ(fault_of(frame), Fault::UdpTruncated);
  frame = rrq();
  write_u16(frame, 16, 20 + 7);
  repair_ip(frame);
  EXPECT_EQ(fault_of(frame), Fault::UdpTruncated) << "no room for a UDP header";
  frame = rrq();
  frame.back() ^= 1;
  EXPECT_EQ(fault_of(frame), Fault::UdpChecksum);
}

TEST(InspectUdp, MayIgnoreTheUdpChecksum) {
  Bytes frame = rrq();
  frame.back() ^= 1;
  EXPECT_TRUE(inspect_udp(frame, ChecksumPolicy::Ignore));
}

TEST(InspectUdp, TakesAZeroChecksumAsNone) {
  Bytes frame = rrq();
  write_u16(frame, 40, 0);
  frame.back() ^= 1;
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->checksum, 0);
}

// RFC 768: the UDP length may leave octets of the IP datagram over.
TEST(InspectUdp, HandsOutWhatTheUdpLengthCovers) {
  Bytes frame = rrq();
  write_u16(frame, 38, 8 + 5);
  write_u16(frame, 40, 0);
  const auto udp = inspect_udp(frame);
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->payload.size(), 5U);
}

TEST(InspectArp, ReadsRealFrames) {
  const auto request = inspect_arp(golden::find(golden::frames(), "arp request"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->operation, kArpRequest);
  EXPECT_EQ(to_string(request->sender_mac), "52:54:00:12:34:56");
  EXPECT_EQ(request->target_address, Ipv4Address::of(192, 168, 178, 2));
  const auto reply = inspect_arp(golden::find(golden::frames(), "arp reply"));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->operation, kArpReply);
  EXPECT_EQ(reply->sender_address, request->target_address);
  EXPECT_EQ(reply->target_mac, request->sender_mac);
}

TEST(InspectArp, RefusesOtherHardwareAndCutFrames) {
  const Bytes good = golden::find(golden::frames(), "arp request");
  for (const std::size_t offset : {14U, 15U, 16U, 17U, 18U, 19U}) {
    Bytes frame = good;
    frame[offset] ^= 2;
    EXPECT_EQ(inspect_arp(frame).error(), (InspectError{Fault::BadArp, 14})) << offset;
  }
  EXPECT_EQ(inspect_arp(ByteView(good).first(41)).error(), (InspectError{Fault::BadArp, 41}));
  EXPECT_EQ(inspect_arp(rrq()).error().fault, Fault::ForeignType);
}

TEST(InternetChecksum, IsThatOfRfc1071) {
  const Bytes octets = hex("0001 f203 f4f5 f6f7");  // the example of RFC 1071 s.3: sum ddf2
  EXPECT_EQ(internet_checksum(octets), static_cast<std::uint16_t>(~0xddf2U));
  EXPECT_EQ(internet_checksum(hex("01")), static_cast<std::uint16_t>(~0x0100U));
  EXPECT_EQ(internet_checksum({}), 0xffff);
  EXPECT_EQ(internet_checksum({}, 0x0001ffff), static_cast<std::uint16_t>(~0x0001U));
  EXPECT_EQ(internet_checksum(Bytes(1'000'000, 0xff)), 0) << "a long sum must not overflow";
}

void check(const Bytes& frame) {
  const bool tagged = frame.size() >= 14 && frame[12] == 0x81 && frame[13] == 0x00;
  ASSERT_EQ(inspect_ethernet(frame).has_value(), frame.size() >= (tagged ? 18U : 14U));
  inspect_arp(frame);
  for (const ChecksumPolicy policy : {ChecksumPolicy::Verify, ChecksumPolicy::Ignore}) {
    const auto udp = inspect_udp(frame, policy);
    if (!udp) {
      ASSERT_LE(udp.error().offset, frame.size());
      continue;
    }
    ASSERT_GE(udp->payload.data(), frame.data() + 42);
    ASSERT_LE(udp->payload.data() + udp->payload.size(), frame.data() + frame.size());
  }
}

// RFC 1071 s.1, word by word.
std::uint16_t plain_checksum(ByteView octets, std::uint32_t initial) {
  std::uint64_t sum = initial;
  for (std::size_t i = 0; i < octets.size(); i += 2) {
    sum += std::uint32_t{octets[i]} << 8U;
    if (i + 1 < octets.size()) sum += octets[i + 1];
  }
  while (sum > 0xffff) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

TEST(InternetChecksum, IsThatOfThePlainLoopForEveryLengthAndPlace) {
  Random random(1071);
  Bytes drawn(1600);
  for (std::uint8_t& octet : drawn) octet = static_cast<std::uint8_t>(random.below(256));
  const Bytes largest(1600, 0xff);
  for (const Bytes& octets : {drawn, largest}) {
    for (std::size_t size = 0; size < 1500; ++size) {
      const ByteView part = ByteView(octets).subspan(size % 37, size);
      ASSERT_EQ(internet_checksum(part, 0x1234), plain_checksum(part, 0x1234)) << size;
    }
  }
}

TEST(FrameProperty, RealFramesAreSoundWholeAndJudgedCut) {
  for (const golden::Packet& packet : golden::frames()) {
    EXPECT_TRUE(inspect_udp(packet.octets) || inspect_arp(packet.octets)) << packet.name;
    for (std::size_t size = 0; size < packet.octets.size(); ++size) {
      const ByteView part = ByteView(packet.octets).first(size);
      EXPECT_FALSE(inspect_udp(part)) << packet.name << " cut to " << size;
    }
  }
}

TEST(FrameProperty, MutationsDoNotCrash) {
  for (const golden::Packet& packet : golden::frames()) {
    for (std::uint64_t seed = 0; seed < 8'000; ++seed) {
      Random random(seed);
      const Bytes mutant = mutate(packet.octets, random);
      ASSERT_NO_FATAL_FAILURE(check(mutant)) << describe(packet.name, seed, mutant);
    }
  }
}

}  // namespace
}  // namespace pxeproof::frames
