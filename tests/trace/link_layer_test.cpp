#include "trace/link_layer.h"

#include <gtest/gtest.h>

#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::trace {
namespace {

const MacAddress kClient{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
const MacAddress kServer{{2, 0, 0, 0, 0, 1}};
const Bytes kPayload(40, 0x11);

Bytes datagram_frame() {
  return frames::build_udp({.destination_mac = kServer,
                            .source_mac = kClient,
                            .source = {Ipv4Address::of(10, 0, 0, 9), 2070},
                            .destination = {Ipv4Address::of(10, 0, 0, 1), 69}},
                           kPayload);
}

Bytes joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

ByteView datagram(const Bytes& frame) { return ByteView(frame).subspan(14); }

// What decoders find behind any link layer.
void expect_readable(const EthernetView& view) {
  const auto udp = frames::inspect_udp(view.octets);
  ASSERT_TRUE(udp) << to_string(udp.error().fault);
  EXPECT_EQ(udp->source.port, 2070);
  EXPECT_EQ(udp->destination.port, 69);
  EXPECT_TRUE(equal(udp->payload, kPayload));
}

TEST(LinkLayer, HandsAnUntaggedEthernetFrameOnAsItIs) {
  const Bytes frame = datagram_frame();
  LinkLayer layer;
  const EthernetView view = layer.as_ethernet(LinkType::Ethernet, frame, frame.size());
  EXPECT_EQ(view.octets.data(), frame.data());
  EXPECT_EQ(view.missing, 0U);
  EXPECT_EQ(view.vlans.count, 0U);
}

TEST(LinkLayer, TakesVlanTagsOff) {
  const Bytes frame = datagram_frame();
  const Bytes tagged =
      joined({ByteView(frame).first(12), Bytes{0x81, 0, 0xe0, 42}, ByteView(frame).subspan(12)});
  LinkLayer layer;
  const EthernetView view = layer.as_ethernet(LinkType::Ethernet, tagged, tagged.size());
  EXPECT_TRUE(equal(view.octets, frame));
  EXPECT_EQ(view.vlans, (VlanTags{{42, 0}, 1}));
}

TEST(LinkLayer, TakesEveryTagOfQinQOff) {
  const Bytes frame = datagram_frame();
  for (const Bytes& outer : {Bytes{0x88, 0xa8, 0, 7}, Bytes{0x91, 0, 0, 7}, Bytes{0x81, 0, 0, 7}}) {
    const Bytes tagged = joined({ByteView(frame).first(12), outer, Bytes{0x81, 0, 0x01, 0x2c},
                                 ByteView(frame).subspan(12)});
    LinkLayer layer;
    const EthernetView view = layer.as_ethernet(LinkType::Ethernet, tagged, tagged.size());
    EXPECT_TRUE(equal(view.octets, frame));
    EXPECT_EQ(view.vlans, (VlanTags{{7, 300}, 2}));
  }
}

TEST(LinkLayer, GivesCookedFramesAnEthernetHeader) {
  const Bytes frame = datagram_frame();
  const Bytes first =
      joined({Bytes{0, 1, 0, 1, 0, 6}, kClient.octets, Bytes{0, 0, 8, 0}, datagram(frame)});
  const Bytes second = joined(
      {Bytes{8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 1, 6}, kClient.octets, Bytes{0, 0}, datagram(frame)});
  LinkLayer layer;
  for (const auto& [type, cooked] :
       {std::pair(LinkType::LinuxCooked, first), std::pair(LinkType::LinuxCooked2, second)}) {
    const EthernetView view = layer.as_ethernet(type, cooked, cooked.size());
    expect_readable(view);
    const auto header = frames::inspect_ethernet(view.octets);
    EXPECT_EQ(header->source, kClient);
    EXPECT_TRUE(header->destination.is_broadcast());
  }
}

TEST(LinkLayer, FindsTagsInsideCookedFrames) {
  const Bytes frame = datagram_frame();
  const Bytes cooked = joined({Bytes{0, 0, 0, 1, 0, 6}, kClient.octets, Bytes{0, 0, 0x81, 0},
                               Bytes{0, 5, 8, 0}, datagram(frame)});
  LinkLayer layer;
  const EthernetView view = layer.as_ethernet(LinkType::LinuxCooked, cooked, cooked.size());
  expect_readable(view);
  EXPECT_EQ(view.vlans, (VlanTags{{5, 0}, 1}));
}

TEST(LinkLayer, ReadsRawIpAndLoopback) {
  const Bytes frame = datagram_frame();
  LinkLayer layer;
  for (const LinkType type : {LinkType::Raw, LinkType::Ipv4}) {
    expect_readable(layer.as_ethernet(type, datagram(frame), frame.size() - 14));
  }
  for (const Bytes& family : {Bytes{0, 0, 0, 2}, Bytes{2, 0, 0, 0}}) {
    const Bytes looped = joined({family, datagram(frame)});
    expect_readable(layer.as_ethernet(LinkType::Null, looped, looped.size()));
    expect_readable(layer.as_ethernet(LinkType::Loop, looped, looped.size()));
  }
}

TEST(LinkLayer, CountsWhatTheCaptureCutOff) {
  const Bytes frame = datagram_frame();
  const Bytes tagged =
      joined({ByteView(frame).first(12), Bytes{0x81, 0, 0, 42}, ByteView(frame).subspan(12)});
  LinkLayer layer;
  EXPECT_EQ(layer.as_ethernet(LinkType::Ethernet, ByteView(frame).first(50), frame.size()).missing,
            frame.size() - 50);
  EXPECT_EQ(
      layer.as_ethernet(LinkType::Ethernet, ByteView(tagged).first(60), tagged.size()).missing,
      tagged.size() - 60);
  EXPECT_EQ(layer.as_ethernet(LinkType::Raw, datagram(frame).first(30), frame.size() - 14).missing,
            frame.size() - 14 - 30);
}

// Every link type, cut at every octet, claiming any size: a view inside the limits or none.
TEST(LinkLayer, SurvivesEveryTruncation) {
  const Bytes frame = datagram_frame();
  LinkLayer layer;
  for (const LinkType type :
       {LinkType::Null, LinkType::Ethernet, LinkType::Raw, LinkType::Loop, LinkType::LinuxCooked,
        LinkType::Ipv4, LinkType::Ipv6, LinkType::LinuxCooked2, static_cast<LinkType>(105)}) {
    for (std::size_t kept = 0; kept <= frame.size(); ++kept) {
      for (const std::size_t claimed : {std::size_t{0}, frame.size(), std::size_t{0xffffffff}}) {
        const EthernetView view = layer.as_ethernet(type, ByteView(frame).first(kept), claimed);
        EXPECT_LE(view.octets.size(), kept + 14);
      }
    }
  }
}

TEST(LinkLayer, KnowsWhichTypesItReads) {
  EXPECT_TRUE(is_known(LinkType::LinuxCooked2));
  EXPECT_FALSE(is_known(static_cast<LinkType>(105)));
  EXPECT_EQ(to_string(static_cast<LinkType>(105)), "link type 105");
}

}  // namespace
}  // namespace pxeproof::trace
