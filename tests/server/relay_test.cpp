#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Ipv4Address kFar = Ipv4Address::of(10, 9, 0, 1);
const std::string kRelayLine = "port=0\ndhcp-relay=192.168.77.1,10.9.0.1\n";

dhcp::Message answer_of(const dhcp::Message& request, std::uint16_t flags) {
  dhcp::Message answer = request;
  answer.header.op = dhcp::kBootReply;
  answer.header.flags = flags;
  answer.header.giaddr = kServer;
  answer.header.yiaddr = Ipv4Address::of(192, 168, 77, 60);
  return answer;
}

// All of this as dnsmasq 2.90 was seen to do it.
TEST(Relay, SendsARequestOnWithItsOwnAddress) {
  Site site(kRelayLine);
  site.send(discover());

  ASSERT_THAT(site.replies, SizeIs(1));
  EXPECT_EQ(to_string(site.replies[0].source), to_string(Endpoint{kServer, 67}));
  EXPECT_EQ(to_string(site.replies[0].destination), "10.9.0.1:67");
  const auto message = dhcp::MessageView::parse(site.replies[0].head);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->giaddr(), kServer);
  EXPECT_EQ(site.replies[0].head[3], 1);  // hops
}

TEST(Relay, LeavesTheAddressOfAnEarlierRelay) {
  Site site(kRelayLine);
  dhcp::Message message = discover();
  message.header.giaddr = kRelay;
  message.header.hops = 1;
  site.send(message);

  ASSERT_THAT(site.replies, SizeIs(1));
  EXPECT_EQ(dhcp::MessageView::parse(site.replies[0].head)->giaddr(), kRelay);
  EXPECT_EQ(site.replies[0].head[3], 2);
}

TEST(Relay, SendsToEveryServerThatIsNamed) {
  Site site(kRelayLine + "dhcp-relay=192.168.77.1,10.9.0.2#1067\ndhcp-relay=10.1.1.1,10.9.0.3\n");
  site.send(discover());

  ASSERT_THAT(site.replies, SizeIs(2));
  // The last line first.
  EXPECT_EQ(to_string(site.replies[0].destination), "10.9.0.2:1067");
  EXPECT_EQ(to_string(site.replies[1].destination), "10.9.0.1:67");
}

// RFC 1542 s.4.1.1: a relay is one hop, however many servers it knows.
TEST(Relay, CountsOneHopForAllServers) {
  Site site(kRelayLine + "dhcp-relay=192.168.77.1,10.9.0.2\ndhcp-relay=192.168.77.1,10.9.0.3\n");
  for (const int hops : {0, 19, 20}) {
    dhcp::Message message = discover();
    message.header.hops = static_cast<std::uint8_t>(hops);
    site.send(message);
    ASSERT_THAT(site.replies, SizeIs(3));
    for (const OutgoingDatagram& reply : site.replies) EXPECT_EQ(int{reply.head[3]}, hops + 1);
  }
}

TEST(Relay, SendsByBroadcastWhereNoServerIsNamed) {
  for (const char* line :
       {"dhcp-relay=192.168.77.1,0.0.0.0,eth1\n", "dhcp-relay=192.168.77.1,eth1\n"}) {
    Site site(std::string("port=0\n") + line, {ethernet(), ethernet("eth1", 2, {{kRelay, {}}})});
    site.send(discover());
    ASSERT_THAT(site.replies, SizeIs(1));
    EXPECT_EQ(to_string(site.replies[0].destination), "255.255.255.255:67");
    EXPECT_EQ(site.replies[0].interface_index, 2U);
    EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Broadcast);
  }
}

TEST(Relay, BreaksLoops) {
  Site site(kRelayLine);
  dhcp::Message own = discover();
  own.header.giaddr = kServer;
  EXPECT_EQ(site.silence(own), Reason::RelayLoop);
  dhcp::Message tired = discover();
  tired.header.hops = 21;
  EXPECT_EQ(site.silence(tired), Reason::RelayLoop);
}

TEST(Relay, HandsAnAnswerBackToTheClient) {
  Site site(kRelayLine);
  site.send(answer_of(discover(), 0), {{kFar, 67}, {kServer, 67}, 1});

  ASSERT_THAT(site.replies, SizeIs(1));
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.60:68");
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Direct);
  EXPECT_EQ(site.replies[0].interface_index, 1U);

  site.send(answer_of(discover(), dhcp::kBroadcastFlag), {{kFar, 67}, {kServer, 67}, 1});
  ASSERT_THAT(site.replies, SizeIs(1));
  EXPECT_EQ(to_string(site.replies[0].destination), "255.255.255.255:68");
}

TEST(Relay, TakesAnswersOnlyFromTheInterfaceThatIsNamed) {
  Site site(kRelayLine);
  dhcp::Message stranger = answer_of(discover(), 0);
  stranger.header.giaddr = kRelay;
  EXPECT_EQ(site.silence(stranger), Reason::NotARequest);

  Site elsewhere("port=0\ndhcp-relay=192.168.77.1,10.9.0.1,eth7\n");
  EXPECT_EQ(elsewhere.silence(answer_of(discover(), 0)), Reason::NotARequest);
}

// As dnsmasq does from 2.91 on: the far server has the addresses, this one the boot menu.
TEST(Relay, LeavesTheProxyItsAnswer) {
  Site site("dhcp-relay=192.168.77.1,10.9.0.1\n" + std::string(kProxyRange) +
            std::string(kBiosService));
  site.send(discover());

  ASSERT_THAT(site.replies, SizeIs(2));
  EXPECT_EQ(to_string(site.replies[0].destination), "10.9.0.1:67");
  EXPECT_EQ(site.replies[1].addressing, LinkAddressing::Broadcast);
}

}  // namespace
}  // namespace pxeproof::server
