#include <gtest/gtest.h>

#include "protocol/frames/build.h"
#include "protocol/random.h"

namespace pxeproof::frames {
namespace {

UdpSpec random_spec(Random& random) {
  UdpSpec spec;
  random.fill(spec.destination_mac.octets);
  random.fill(spec.source_mac.octets);
  spec.source = {{static_cast<std::uint32_t>(random.next())},
                 static_cast<std::uint16_t>(random.next())};
  spec.destination = {{static_cast<std::uint32_t>(random.next())},
                      static_cast<std::uint16_t>(random.next())};
  spec.ttl = static_cast<std::uint8_t>(random.next());
  spec.tos = static_cast<std::uint8_t>(random.next());
  spec.dont_fragment = random.chance(0.5);
  spec.checksum = random.chance(0.8) ? UdpChecksum::Compute : UdpChecksum::Zero;
  return spec;
}

// The fast path must not differ from libtins by one octet.
TEST(UdpTemplate, EqualsBuildUdp) {
  Bytes fast;
  for (std::uint64_t seed = 0; seed < 1'500; ++seed) {
    Random random(seed);
    UdpSpec spec = random_spec(random);
    const UdpTemplate prepared(spec);
    for (int i = 0; i < 6; ++i) {
      Bytes payload(random.below(random.chance(0.9) ? 1473 : 9000));
      random.fill(payload);
      spec.identification = static_cast<std::uint16_t>(random.next());
      prepared.build(spec.identification, payload, fast);
      ASSERT_EQ(fast, build_udp(spec, payload)) << "seed " << seed << ", frame " << i;
      ASSERT_TRUE(inspect_udp(fast)) << "seed " << seed << ", frame " << i;
    }
  }
}

TEST(UdpTemplate, EqualsBuildUdpAfterItWasRetargeted) {
  Bytes fast;
  Random random(7);
  const UdpSpec first = random_spec(random);
  UdpTemplate prepared(first);
  for (int i = 0; i < 500; ++i) {
    UdpSpec spec = random_spec(random);
    spec.source_mac = first.source_mac;
    spec.ttl = first.ttl;
    spec.tos = first.tos;
    spec.dont_fragment = first.dont_fragment;
    spec.checksum = first.checksum;
    Bytes payload(random.below(1473));
    random.fill(payload);
    const ByteView whole(payload);
    const std::size_t cut = random.below(payload.size() + 1);
    prepared.retarget({spec.destination_mac, spec.source, spec.destination});
    prepared.build(0, whole.first(cut), whole.subspan(cut), fast);
    ASSERT_EQ(fast, build_udp(spec, payload)) << "flow " << i << ", cut at " << cut;
  }
}

TEST(UdpTemplate, EqualsBuildUdpAtTheEnds) {
  const UdpSpec spec{.source = {Ipv4Address::broadcast(), 0xffff},
                     .destination = {Ipv4Address::broadcast(), 0xffff},
                     .ttl = 0xff,
                     .tos = 0xff,
                     .dont_fragment = true};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kMaximumUdpPayload}) {
    UdpSpec numbered = spec;
    numbered.identification = 0xffff;
    const Bytes payload(size, 0xff);
    Bytes fast;
    UdpTemplate(spec).build(0xffff, payload, fast);
    EXPECT_EQ(fast, build_udp(numbered, payload)) << size;
    EXPECT_TRUE(inspect_udp(fast)) << size;
  }
}

}  // namespace
}  // namespace pxeproof::frames
