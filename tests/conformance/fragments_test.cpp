#include "conformance/fragments.h"

#include <gtest/gtest.h>

#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::conformance {

namespace {

// Cuts the IP datagram of a frame after so many octets of payload.
std::vector<Bytes> cut(const Bytes& frame, std::size_t first_size) {
  constexpr std::size_t kHead = 34;
  const auto part = [&](std::size_t from, std::size_t to, bool more) {
    Bytes out(frame.begin(), frame.begin() + kHead);
    out.insert(out.end(), frame.begin() + static_cast<std::ptrdiff_t>(kHead + from),
               frame.begin() + static_cast<std::ptrdiff_t>(kHead + to));
    const std::size_t total = 20 + to - from;
    out[16] = static_cast<std::uint8_t>(total >> 8U);
    out[17] = static_cast<std::uint8_t>(total);
    const std::size_t offset = from / 8;
    out[20] = static_cast<std::uint8_t>((more ? 0x20U : 0U) | offset >> 8U);
    out[21] = static_cast<std::uint8_t>(offset);
    return out;
  };
  const std::size_t size = frame.size() - kHead;
  return {part(0, first_size, true), part(first_size, size, false)};
}

Bytes whole_frame() {
  return frames::build_udp({.destination_mac = {{2, 0, 0, 0, 0, 1}},
                            .source_mac = {{2, 0, 0, 0, 0, 2}},
                            .source = {Ipv4Address::of(10, 0, 0, 1), 69},
                            .destination = {Ipv4Address::of(10, 0, 0, 2), 1234},
                            .identification = 7},
                           Bytes(3000, 'x'));
}

TEST(FragmentJoiner, JoinsFragmentsInAnyOrder) {
  const auto parts = cut(whole_frame(), 1480);
  for (const bool reversed : {false, true}) {
    FragmentJoiner joiner;
    EXPECT_EQ(joiner.join(parts[reversed ? 1 : 0]), std::nullopt);
    const auto whole = joiner.join(parts[reversed ? 0 : 1]);
    ASSERT_TRUE(whole);
    const auto udp = frames::inspect_udp(*whole);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->payload.size(), 3000U);
  }
}

TEST(FragmentJoiner, LeavesWholeAndBrokenFramesAlone) {
  FragmentJoiner joiner;
  EXPECT_EQ(joiner.join(whole_frame()), std::nullopt);
  const auto parts = cut(whole_frame(), 1480);
  for (std::size_t size = 0; size < 60; ++size) {
    EXPECT_EQ(joiner.join(ByteView(parts[0]).first(size)), std::nullopt);
  }
}

}  // namespace

}  // namespace pxeproof::conformance
