#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

const std::string kBios = std::string(kProxyRange) + std::string(kBiosService);
const Subnet kOtherSubnet{Ipv4Address::of(10, 5, 0, 1), Ipv4Address::of(255, 255, 0, 0)};

TEST(Networks, AnswersARelayOnTheServerPort) {
  Site site(kBios);
  dhcp::Message message = discover();
  message.header.giaddr = kRelay;
  message.header.hops = 1;
  const dhcp::Message offer = site.ask(message, kRelayed);
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.200:67");
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Resolve);
  EXPECT_EQ(offer.header.giaddr, kRelay);
  EXPECT_EQ(offer.header.flags, dhcp::kBroadcastFlag);
}

TEST(Networks, EchoesTheRelaysInformationLast) {
  Site site(kBios);
  dhcp::Message message = discover();
  message.header.giaddr = kRelay;
  const Bytes information{1, 4, 'p', 'o', 'r', 't', 2, 2, 'r', 'r', 151, 1, 7};
  message.add(OptionCode::RelayAgentInformation, information);
  const dhcp::Message offer = site.ask(message, kRelayed);
  ASSERT_FALSE(offer.options.empty());
  EXPECT_EQ(offer.options.back().code, 82);
  EXPECT_EQ(offer.options.back().value, information);
}

TEST(Networks, AnswersEachOfTwoRelays) {
  Site site(
      "port=0\ndhcp-range=10.5.0.0,proxy,255.255.0.0\ndhcp-range=10.6.0.0,proxy,255.255.0.0\n" +
      std::string(kBiosService));
  for (const Ipv4Address relay : {Ipv4Address::of(10, 5, 0, 2), Ipv4Address::of(10, 6, 0, 2)}) {
    dhcp::Message message = discover();
    message.header.giaddr = relay;
    site.send(message, {{relay, 67}, {kServer, 67}, 1});
    ASSERT_EQ(site.replies.size(), 1U);
    EXPECT_EQ(site.replies[0].destination.address, relay);
  }
}

TEST(Networks, ServesARoutedClientOnTheBootServerPort) {
  Site site("port=0\ndhcp-range=10.5.0.0,proxy,255.255.0.0\n" + std::string(kBiosService));
  const Ipv4Address routed = Ipv4Address::of(10, 5, 3, 4);
  dhcp::Message message = boot_request(0, {.type = 0x8000, .layer = 0});
  message.header.ciaddr = routed;
  const dhcp::Message ack = site.ask(message, {{routed, 68}, {kServer, 4011}, 1});
  EXPECT_EQ(ack.header.file_text(), "pxelinux.0");
  EXPECT_EQ(ack.header.siaddr, kServer);
  EXPECT_EQ(site.replies[0].destination.address, routed);
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Resolve);
}

TEST(Networks, NamesItsAddressOnTheClientsInterface) {
  Site site(kBios + "dhcp-range=10.5.0.0,proxy\n",
            {ethernet("eth0", 1), ethernet("eth1", 2, {kOtherSubnet})});
  EXPECT_EQ(option(site.ask(discover()), OptionCode::ServerIdentifier), "c0a84d01");
  EXPECT_EQ(option(site.ask(discover(), {.interface_index = 2}), OptionCode::ServerIdentifier),
            "0a050001");
  EXPECT_EQ(site.replies[0].interface_index, 2U);
  EXPECT_EQ(site.replies[0].source.address, kOtherSubnet.address);
}

TEST(Networks, ServesTwoSubnetsOfOneInterface) {
  Site site("port=0\ndhcp-range=10.5.0.0,proxy\n" + std::string(kBiosService),
            {ethernet("eth0", 1, {{kServer, Ipv4Address::of(255, 255, 255, 0)}, kOtherSubnet})});
  EXPECT_EQ(option(site.ask(discover()), OptionCode::ServerIdentifier), "0a050001");
}

// As dnsmasq: what serves an interface's last address comes first.
TEST(Networks, PrefersTheLastAddressOfAnInterface) {
  const NetworkInterface both =
      ethernet("eth0", 1, {{kServer, Ipv4Address::of(255, 255, 255, 0)}, kOtherSubnet});
  Site site(kBios + "dhcp-range=10.5.0.0,proxy\n", {both});
  EXPECT_EQ(option(site.ask(discover()), OptionCode::ServerIdentifier), "0a050001");
}

// It was told the identifier of the first range, which may not even be on its subnet.
TEST(Networks, RenewsInTheNameOfTheAddressesSubnet) {
  const Ipv4Address second = Ipv4Address::of(192, 168, 78, 1);
  const Ipv4Address reserved = Ipv4Address::of(192, 168, 78, 33);
  const NetworkInterface both = ethernet(
      "eth0", 1,
      {{second, Ipv4Address::of(255, 255, 255, 0)}, {kServer, Ipv4Address::of(255, 255, 255, 0)}});
  Site site(
      "port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.150\n"
      "dhcp-range=192.168.78.100,192.168.78.150\n"
      "dhcp-host=52:54:00:12:34:56,192.168.78.33\n",
      {both});
  dhcp::Message request = selecting(reserved);
  request.find(OptionCode::ServerIdentifier)->value = {192, 168, 78, 1};
  EXPECT_EQ(option(site.ask(request), OptionCode::ServerIdentifier), "c0a84e01");
  dhcp::Message renewal = plain_message(MessageType::Request);
  renewal.header.ciaddr = reserved;
  EXPECT_EQ(
      option(site.ask(renewal, {{reserved, 68}, {second, 67}, 1}), OptionCode::ServerIdentifier),
      "c0a84e01");
}

TEST(Networks, AcknowledgesARequestThatNamesAnotherOfItsAddresses) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.150\n",
            {ethernet("eth0", 1), ethernet("eth1", 2, {kOtherSubnet})});
  const Ipv4Address offered = site.ask(plain_message(MessageType::Discover)).header.yiaddr;
  dhcp::Message request = selecting(offered);
  request.find(OptionCode::ServerIdentifier)->value = {10, 5, 0, 1};
  EXPECT_EQ(option(site.ask(request), OptionCode::MessageType), "05");
}

TEST(Networks, TakesTheNameOfTheInterfaceForATag) {
  Site site(kBios + "dhcp-range=10.5.0.0,proxy\ndhcp-boot=tag:eth1,one.0\ndhcp-boot=other.0\n",
            {ethernet("eth0", 1), ethernet("eth1", 2, {kOtherSubnet})});
  EXPECT_EQ(site.ask(discover()).header.file_text(), "other.0");
  EXPECT_EQ(site.ask(discover(), {.interface_index = 2}).header.file_text(), "one.0");
}

TEST(Networks, SetsTheTagOfTheRange) {
  Site site(
      "port=0\ndhcp-range=set:lab,192.168.77.0,proxy\ndhcp-boot=tag:lab,lab.0\n"
      "dhcp-boot=other.0\n" +
      std::string(kBiosService));
  EXPECT_EQ(site.ask(discover()).header.file_text(), "lab.0");
}

TEST(Networks, ListensWhereItIsTold) {
  Site site(kBios + "interface=eth*\nexcept-interface=eth1\n",
            {ethernet("eth0", 1), ethernet("eth1", 2), ethernet("wlan0", 3)});
  EXPECT_EQ(site.silence(discover(), {.interface_index = 1}), std::nullopt);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 2}), Reason::InterfaceNotServed);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 3}), Reason::InterfaceNotServed);

  Site by_address(kBios + "listen-address=10.5.0.1\n",
                  {ethernet("eth0", 1), ethernet("eth1", 2, {kOtherSubnet})});
  EXPECT_EQ(by_address.silence(discover(), {.interface_index = 1}), Reason::InterfaceNotServed);
  EXPECT_EQ(by_address.silence(discover(), {.interface_index = 2}), Reason::NoRange);
}

// dnsmasq 2.90 looks for END first, and loses the relay's option when there is none.
TEST(Networks, ReturnsTheRelaysInformationOfARequestWithoutEnd) {
  Site site(kBios);
  dhcp::Message message = discover();
  message.header.giaddr = kRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{1, 2, 'p', '7'});
  message.end = false;
  EXPECT_EQ(option(site.ask(message, kRelayed), OptionCode::RelayAgentInformation), "01027037");
}

// VLAN interfaces are told apart by names with dots, which are tags too.
TEST(Networks, ServesARangeOnEachVlan) {
  const std::string lines =
      "port=0\ninterface=eth0.*\ndhcp-range=192.168.77.0,proxy\ndhcp-range=10.5.0.0,proxy\n"
      "pxe-service=tag:eth0.10,x86PC,\"Ten\",ten\npxe-service=tag:eth0.20,x86PC,\"Twenty\","
      "twenty\n";
  Site site(lines,
            {ethernet("eth0", 1), ethernet("eth0.10", 2), ethernet("eth0.20", 3, {kOtherSubnet})});
  EXPECT_EQ(site.silence(discover(), {.interface_index = 1}), Reason::InterfaceNotServed);
  EXPECT_THAT(vendor_block(site.ask(discover(), {.interface_index = 2})),
              testing::HasSubstr(to_hex(as_bytes("Ten"))));
  EXPECT_EQ(site.replies[0].interface_index, 2U);
  const dhcp::Message twenty = site.ask(discover(), {.interface_index = 3});
  EXPECT_THAT(vendor_block(twenty), testing::HasSubstr(to_hex(as_bytes("Twenty"))));
  EXPECT_EQ(option(twenty, OptionCode::ServerIdentifier), "0a050001");
}

// Beyond dnsmasq, which takes "interface:eth1" for the name of a tag.
// A range that lies on another interface has that one's netmask, not that of its class.
TEST(Networks, SharesARangeWithItsOwnNetmask) {
  Site site(
      "port=0\nno-ping\ndhcp-range=10.9.0.50,10.9.0.60\nshared-network=eth1,10.33.0.0\n"
      "dhcp-range=10.33.0.5,10.33.0.9,255.255.255.0\n",
      {ethernet("eth0", 1, {{Ipv4Address::of(10, 9, 0, 1), Ipv4Address::of(255, 255, 255, 0)}}),
       ethernet("eth1", 2, {{Ipv4Address::of(172, 20, 5, 1), Ipv4Address::of(255, 255, 0, 0)}})});
  const dhcp::Message offer =
      site.ask(plain_message(MessageType::Discover), {{{}, 68}, {Ipv4Address::broadcast(), 67}, 2});
  EXPECT_EQ(offer.header.yiaddr.octets()[1], 33);
  EXPECT_EQ(option(offer, OptionCode::SubnetMask), "ffffff00");
}

TEST(Networks, BindsARangeToAnInterface) {
  const std::string bound =
      "port=0\nno-ping\ndhcp-range=interface:eth1,192.168.77.100,192.168.77.110\n";
  Site elsewhere(bound);
  EXPECT_EQ(elsewhere.silence(plain_message(dhcp::MessageType::Discover)), Reason::NoRange);
  Site site(bound, {ethernet("eth1")});
  EXPECT_EQ(option(site.ask(plain_message(dhcp::MessageType::Discover)), OptionCode::MessageType),
            "02");
}

TEST(Networks, FollowsTheRelaysLinkSelection) {
  Site site("port=0\nno-ping\ndhcp-range=10.5.0.10,10.5.0.20,255.255.0.0\n");
  dhcp::Message message = plain_message(dhcp::MessageType::Discover);
  message.header.giaddr = kRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{5, 4, 10, 5, 0, 0});
  const dhcp::Message offer = site.ask(message, kRelayed);
  EXPECT_GE(offer.header.yiaddr, Ipv4Address::of(10, 5, 0, 10));
  EXPECT_LE(offer.header.yiaddr, Ipv4Address::of(10, 5, 0, 20));
  EXPECT_EQ(site.replies[0].destination.address, kRelay);
}

}  // namespace
}  // namespace pxeproof::server
