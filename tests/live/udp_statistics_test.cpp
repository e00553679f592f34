#include "live/udp_statistics.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pxeproof::live {
namespace {

TEST(UdpStatistics, FindsTheOverflowsByTheirName) {
  std::istringstream text(
      "Icmp: InMsgs InErrors\n"
      "Icmp: 7 8\n"
      "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\n"
      "Udp: 100 1 2 90 2081 3\n"
      "UdpLite: InDatagrams RcvbufErrors\n"
      "UdpLite: 0 5\n");
  EXPECT_EQ(udp_overflows(text), 2081U);
}

TEST(UdpStatistics, KnowsOfNoOverflowWhereTheKernelDoesNotTell) {
  std::istringstream text("Udp: InDatagrams NoPorts\nUdp: 100 1\n");
  EXPECT_EQ(udp_overflows(text), 0U);
}

}  // namespace
}  // namespace pxeproof::live
