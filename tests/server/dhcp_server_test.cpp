#include "server/dhcp_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/random.h"
#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kBoth =
    std::string(kProxyRange) + std::string(kBiosService) + std::string(kUefiService);

TEST(DhcpServer, OpensThePortsThatTheConfigurationNeeds) {
  EXPECT_THAT(Site(kBoth).server.ports(), ElementsAre(67, 4011));
  EXPECT_THAT(Site(std::string(kProxyRange)).server.ports(), ElementsAre(67));
  EXPECT_THAT(Site("port=0\n").server.ports(), IsEmpty());
  EXPECT_THAT(Site(kBoth + "dhcp-alternate-port=1067,1068\n").server.ports(),
              ElementsAre(1067, 4011));
}

TEST(DhcpServer, UsesTheAlternatePorts) {
  Site site(kBoth + "dhcp-alternate-port\n");
  site.send(discover(), {.destination = {Ipv4Address::broadcast(), 1067}});
  ASSERT_EQ(site.replies.size(), 1U);
  EXPECT_EQ(site.replies[0].source.port, 1067);
  EXPECT_EQ(site.replies[0].destination.port, 1068);
}

TEST(DhcpServer, DelaysOneClientWithoutHoldingUpOthers) {
  Site site(kBoth + "dhcp-mac=set:slow,52:54:00:12:34:56\ndhcp-reply-delay=tag:slow,2\n");
  site.send(discover());
  EXPECT_THAT(site.replies, IsEmpty());
  EXPECT_EQ(site.events.back().delay, 2s);
  dhcp::Message other = discover();
  other.header.set_mac({{2, 0, 0, 0, 0, 9}});
  site.send(other);
  EXPECT_EQ(site.replies.size(), 1U);

  EXPECT_EQ(site.server.poll_timeout(), kStart + 2s);
  site.server.on_timeout(kStart + 1s);
  site.drain();
  EXPECT_THAT(site.replies, IsEmpty());
  site.server.on_timeout(kStart + 2s);
  site.drain();
  EXPECT_EQ(site.reply().header.mac(), kMac);
  EXPECT_EQ(site.server.poll_timeout(), std::nullopt);
}

TEST(DhcpServer, DoesNotDelayTheAnswerToAnItem) {
  Site site(kBoth + "dhcp-reply-delay=2\n");
  site.send(boot_request(7), kToBootServer);
  EXPECT_THAT(site.replies, IsEmpty());
  site.send(boot_request(0, {.type = 0x8000, .layer = 0}), kToBootServer);
  EXPECT_EQ(site.replies.size(), 1U);
}

TEST(DhcpServer, BoundsTheRepliesThatWait) {
  Site site(kBoth + "dhcp-reply-delay=2\n", Policy{.maximum_waiting_replies = 3});
  for (int at = 0; at < 3; ++at) EXPECT_EQ(site.silence(discover()), Reason::TooShort);
  EXPECT_EQ(site.silence(discover()), Reason::QueueFull);
}

TEST(DhcpServer, BoundsTheEventsThatWait) {
  DhcpServer server(configure(kBoth), {ethernet()},
                    {.policy = {.maximum_waiting_events = 4}, .seed = 1});
  for (std::uint32_t xid = 1; xid <= 10; ++xid) {
    dhcp::Message message = discover();
    message.header.xid = xid;
    server.on_datagram(kStart, {.source = {{}, 68},
                                .destination = {Ipv4Address::broadcast(), 67},
                                .interface_index = 1,
                                .payload = dhcp::encode(message)});
  }
  std::vector<std::uint32_t> xids;
  ServerEvent event;
  while (server.poll_event(event)) xids.push_back(event.xid);
  EXPECT_THAT(xids, ElementsAre(7, 8, 9, 10));
}

TEST(DhcpServer, KeepsLeasesAcrossAReload) {
  const std::string pool = "port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.200\n";
  Site site(pool);
  const Ipv4Address offered = site.ask(plain_message(dhcp::MessageType::Discover)).header.yiaddr;
  site.ask(selecting(offered));
  site.server.reload(configure(pool + "dhcp-option=15,new.example\n"), {ethernet()});
  const dhcp::Message offer = site.ask(plain_message(dhcp::MessageType::Discover));
  EXPECT_EQ(offer.header.yiaddr, offered);
  EXPECT_EQ(option(offer, dhcp::OptionCode::DomainName), to_hex(as_bytes("new.example")));
}

TEST(DhcpServer, KeepsClientsApartThatShareAnXid) {
  Site site(kBoth);
  const MacAddress other{{2, 0, 0, 0, 0, 9}};
  dhcp::Message second = discover();
  second.header.set_mac(other);
  EXPECT_EQ(site.ask(discover()).header.mac(), kMac);
  EXPECT_EQ(site.ask(second).header.mac(), other);
}

TEST(DhcpServer, TellsWhatItOffered) {
  Site site(kBoth + "dhcp-boot=pxelinux.0\n");
  site.send(discover());
  const ServerEvent& event = site.events.at(0);
  EXPECT_EQ(event.kind, ServerEvent::Kind::ProxyOffered);
  EXPECT_EQ(event.server, kServer);
  EXPECT_EQ(event.file, "pxelinux.0");
  EXPECT_EQ(event.architecture, 0);
  EXPECT_THAT(log_lines(event, LogStyle::Plain), ElementsAre("PXE(eth0) 52:54:00:12:34:56 proxy"));
  EXPECT_THAT(log_lines(event, LogStyle::WithXid),
              ElementsAre("287454020 PXE(eth0) 52:54:00:12:34:56 proxy"));
}

// A seeded stream of broken requests: no crash, and the server still answers.
TEST(DhcpServer, SurvivesMutatedRequests) {
  Site site(kBoth +
            "dhcp-range=192.168.77.100,192.168.77.200\npxe-prompt=\"x\",3\n"
            "dhcp-userclass=set:ipxe,iPXE\ndhcp-host=52:54:00:12:34:56,192.168.77.30\n");
  Bytes seeds[2];
  dhcp::encode_into(discover(), 300, seeds[0]);
  dhcp::encode_into(boot_request(0, {.type = 0x8000, .layer = 0}), 300, seeds[1]);
  Random random(20240607);
  for (int round = 0; round < 20'000; ++round) {
    Bytes payload = seeds[random.below(2)];
    const std::uint64_t changes = random.between(1, 8);
    for (std::uint64_t at = 0; at < changes; ++at) {
      payload[random.below(payload.size())] = static_cast<std::uint8_t>(random.next());
    }
    if (random.chance(0.1)) payload.resize(random.below(payload.size()));
    site.send(payload, random.chance(0.5) ? kToBootServer : Route{});
    for (const OutgoingDatagram& reply : site.replies) {
      ASSERT_TRUE(dhcp::decode(reply.head).has_value()) << "round " << round;
    }
  }
  site.send(discover());
  EXPECT_EQ(site.replies.size(), 1U);
}

}  // namespace
}  // namespace pxeproof::server
