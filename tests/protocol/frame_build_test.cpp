#include "protocol/frames/build.h"

#include <gtest/gtest.h>

#include "tests/support/golden_packets.h"

namespace pxeproof::frames {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

UdpSpec spec_of(const Udp& udp) {
  return {.destination_mac = udp.ethernet.destination,
          .source_mac = udp.ethernet.source,
          .source = udp.source,
          .destination = udp.destination,
          .identification = udp.identification,
          .ttl = udp.ttl,
          .tos = udp.tos,
          .dont_fragment = udp.dont_fragment,
          .checksum = udp.checksum == 0 ? UdpChecksum::Zero : UdpChecksum::Compute};
}

TEST(BuildUdp, RepeatsRealFramesOctetForOctet) {
  int built = 0;
  for (const golden::Packet& packet : golden::frames()) {
    const auto udp = inspect_udp(packet.octets);
    if (!udp) continue;
    EXPECT_EQ(build_udp(spec_of(*udp), udp->payload), packet.octets) << packet.name;
    ++built;
  }
  EXPECT_GE(built, 5);
}

TEST(BuildUdp, WritesEveryField) {
  const UdpSpec spec{.destination_mac = {{2, 0, 0, 0, 0, 1}},
                     .source_mac = {{2, 0, 0, 0, 0, 2}},
                     .source = {Ipv4Address::of(10, 0, 0, 2), 68},
                     .destination = {Ipv4Address::of(10, 0, 0, 1), 67},
                     .identification = 0x1234,
                     .ttl = 20,
                     .tos = 0xc0,
                     .dont_fragment = true};
  EXPECT_EQ(to_hex(build_udp(spec, hex("616263"))),
            "020000000001020000000002"
            "0800"
            "45c0001f123440001411"
            "3fd8"  // computed apart: the ones' complement sum of the header
            "0a0000020a000001"
            "00440043000b"
            "26ec"  // computed apart, with the pseudo-header
            "616263");
}

TEST(BuildUdp, AddsNoPadding) {
  EXPECT_EQ(build_udp({}, {}).size(), 42U);
  EXPECT_EQ(build_udp({}, hex("00")).size(), 43U);
}

TEST(BuildUdp, KeepsAnUnspecifiedSource) {
  const Bytes frame = build_udp({.destination = {Ipv4Address::broadcast(), 67}}, hex("00"));
  EXPECT_EQ(inspect_udp(frame)->source.address, Ipv4Address{});
}

TEST(BuildUdp, SendsNoChecksumWhenAsked) {
  const Bytes frame = build_udp({.checksum = UdpChecksum::Zero}, hex("616263"));
  EXPECT_EQ(frame[40], 0);
  EXPECT_EQ(frame[41], 0);
  EXPECT_TRUE(inspect_udp(frame));
}

// RFC 768: a checksum that comes out as zero is sent as all ones.
TEST(BuildUdp, SendsAllOnesForAComputedZero) {
  const UdpSpec spec{.source = {Ipv4Address::of(10, 0, 0, 2), 68},
                     .destination = {Ipv4Address::of(10, 0, 0, 1), 67}};
  const Bytes without = build_udp(spec, hex("0000"));
  // The checksum is what the two payload octets have to add up to.
  const Bytes payload{without[40], without[41]};
  const Bytes frame = build_udp(spec, payload);
  EXPECT_EQ(to_hex(ByteView(frame).subspan(40, 2)), "ffff");
  EXPECT_TRUE(inspect_udp(frame));
  Bytes patched;
  UdpTemplate(spec).build(0, payload, patched);
  EXPECT_EQ(patched, frame);
}

TEST(BuildUdp, ReplacesWhatTheBufferHeld) {
  Bytes out(2000, 0xee);
  build_udp({}, hex("616263"), out);
  EXPECT_EQ(out, build_udp({}, hex("616263")));
}

TEST(BuildArp, RepeatsRealFramesOctetForOctet) {
  for (const char* name : {"arp request", "arp reply"}) {
    const Bytes& frame = golden::find(golden::frames(), name);
    const auto arp = inspect_arp(frame);
    ASSERT_TRUE(arp);
    EXPECT_EQ(build_arp(*arp, inspect_ethernet(frame)->destination), frame) << name;
  }
}

TEST(BuildPortUnreachable, QuotesTheDatagram) {
  const Bytes frame = build_port_unreachable({.destination_mac = {{2, 0, 0, 0, 0, 1}},
                                              .source_mac = {{2, 0, 0, 0, 0, 2}},
                                              .source = Ipv4Address::of(10, 0, 0, 1),
                                              .destination = Ipv4Address::of(10, 0, 0, 2),
                                              .identification = 7,
                                              .tos = 0xc0},
                                             Bytes(200, 0x45));
  EXPECT_EQ(frame.size(), 14U + 20 + 8 + 200);
  EXPECT_EQ(frame[15], 0xc0);
  EXPECT_EQ(frame[23], kProtocolIcmp);
  EXPECT_EQ(to_hex(ByteView(frame).subspan(34, 2)), "0303");
  EXPECT_EQ(to_hex(ByteView(frame).subspan(38, 4)), "00000000") << "RFC 792: unused";
  EXPECT_EQ(internet_checksum(ByteView(frame).subspan(14, 20)), 0);
  EXPECT_EQ(internet_checksum(ByteView(frame).subspan(34)), 0);
}

}  // namespace
}  // namespace pxeproof::frames
