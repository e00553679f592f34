#include "cli/dhcp_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Instant kStart = Instant{} + 1000s;
constexpr Ipv4Address kOwn = Ipv4Address::of(10, 0, 0, 9);
constexpr Ipv4Address kOther = Ipv4Address::of(10, 0, 0, 1);
const NetworkInterface kInterface{.index = 2,
                                  .name = "eth0",
                                  .mac = {{2, 0, 0, 0, 0, 1}},
                                  .addresses = {{kOwn, Ipv4Address::of(255, 255, 255, 0)}}};

DhcpProbe ask() { return DhcpProbe(kInterface, {.seed = 1, .own = {kOwn}}, kStart); }

Bytes offer(const DhcpProbe& probe, Ipv4Address server, Ipv4Address offered) {
  const auto asked = frames::inspect_udp(probe.question());
  const auto question = dhcp::MessageView::parse(asked->payload);
  dhcp::Message message;
  message.header.op = 2;
  message.header.xid = question->xid();
  message.header.yiaddr = offered;
  message.header.set_mac(probing_address(kInterface.mac));
  message.add_type(dhcp::MessageType::Offer);
  message.add_u32(dhcp::OptionCode::ServerIdentifier, server.value);
  return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source_mac = {{2, 0, 0, 0, 0, 2}},
                            .source = {server, 67},
                            .destination = {Ipv4Address::broadcast(), 68}},
                           dhcp::encode(message));
}

// dnsmasq pings for three seconds before it offers an address.
TEST(DhcpProbe, WaitsForAServerThatPingsFirst) {
  DhcpProbe probe = ask();
  EXPECT_FALSE(probe.is_over(kStart + 4s));
  probe.on_frame(offer(probe, kOther, Ipv4Address::of(10, 0, 0, 50)));
  EXPECT_TRUE(probe.is_over(kStart + 4s));
  EXPECT_EQ(describe(probe.servers()), "DHCP server seen: 10.0.0.1 (leases)   other proxy: none");
}

TEST(DhcpProbe, GivesAProxyTimeBesideAnAddressServer) {
  DhcpProbe probe = ask();
  probe.on_frame(offer(probe, kOther, Ipv4Address::of(10, 0, 0, 50)));
  EXPECT_FALSE(probe.is_over(kStart + 1s));
  probe.on_frame(offer(probe, Ipv4Address::of(10, 0, 0, 2), {}));
  EXPECT_TRUE(probe.is_over(kStart + 2s));
  EXPECT_EQ(describe(probe.servers()),
            "DHCP server seen: 10.0.0.1 (leases)   other proxy: 10.0.0.2");
}

TEST(DhcpProbe, ClaimsNoMoreThanItSaw) {
  DhcpProbe probe = ask();
  EXPECT_EQ(probe.poll_timeout(), kStart + 5s);
  EXPECT_EQ(describe(probe.servers()),
            "DHCP server seen: none in 5 s (without one no machine gets an address)   "
            "other proxy: none");
}

// Where two interfaces are on one network the server answers its own question.
TEST(DhcpProbe, SeesNoOtherServerInItself) {
  DhcpProbe probe = ask();
  probe.on_frame(offer(probe, kOwn, {}));
  EXPECT_THAT(probe.servers(), IsEmpty());
  probe.on_frame(offer(probe, kOther, {}));
  probe.on_frame(offer(probe, kOther, {}));
  EXPECT_THAT(probe.servers(), SizeIs(1));
}

// On a network that is switched on whole the address server comes last.
TEST(DhcpProbe, TakesAServerThatAClientNames) {
  DhcpProbe probe = ask();
  EXPECT_TRUE(probe.on_server({.address = kOther}));
  EXPECT_FALSE(probe.on_server({.address = kOther}));
  EXPECT_FALSE(probe.on_server({.address = kOwn}));
  EXPECT_EQ(describe(probe.servers()), "DHCP server seen: 10.0.0.1 (leases)   other proxy: none");
  for (std::uint32_t i = 0; i < 100; ++i) probe.on_server({.address = {0x0a010000 + i}});
  EXPECT_THAT(probe.servers(), SizeIs(DhcpProbe::kMaximumServers));
}

}  // namespace
}  // namespace pxeproof::cli
