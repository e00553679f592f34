#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::OptionCode;

const std::string kBoth =
    std::string(kProxyRange) + std::string(kBiosService) + std::string(kUefiService);

Bytes packed(const dhcp::Message& message) {
  Bytes octets;
  dhcp::encode_into(message, dhcp::kMinimumMessage, octets);
  return octets;
}

std::optional<Reason> silence(Site& site, const Bytes& payload) {
  site.send(payload);
  if (!site.replies.empty()) return std::nullopt;
  return site.events.back().reason;
}

TEST(Silence, EveryReasonHasASlugAndATextOfItsOwn) {
  std::set<std::string_view> slugs;
  std::set<std::string_view> texts;
  for (const ReasonText& reason : all_reasons()) {
    EXPECT_TRUE(slugs.insert(reason.slug).second) << reason.slug;
    EXPECT_TRUE(texts.insert(reason.text).second) << reason.text;
    EXPECT_EQ(to_string(reason.reason), reason.text);
  }
}

TEST(Silence, Row1UnreadableHeaders) {
  Site site(kBoth);
  const Bytes good = packed(discover());
  EXPECT_EQ(silence(site, Bytes(good.begin(), good.begin() + 100)), Reason::TooShort);
  EXPECT_EQ(silence(site, Bytes(good.begin(), good.begin() + 236)), Reason::TooShort);
  EXPECT_EQ(silence(site, Bytes(300, 0)), Reason::NotARequest);
  EXPECT_EQ(silence(site, {}), Reason::TooShort);
  dhcp::Message message = discover();
  message.header.op = 2;
  EXPECT_EQ(site.silence(message), Reason::NotARequest);
  message = discover();
  message.header.hlen = 17;
  EXPECT_EQ(site.silence(message), Reason::HardwareAddressTooLong);
  message.header.hlen = 6;
  message.header.htype = 0;
  EXPECT_EQ(site.silence(message), Reason::HardwareTypeMissing);
}

TEST(Silence, Row2InterfacesThatAreNotServed) {
  Site site(
      kBoth + "except-interface=eth1\nno-dhcp-interface=eth3\n",
      {ethernet("eth0", 1), ethernet("eth1", 2), ethernet("eth2", 3, {}), ethernet("eth3", 4)});
  EXPECT_EQ(site.silence(discover(), {.interface_index = 1}), std::nullopt);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 2}), Reason::InterfaceNotServed);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 3}), Reason::InterfaceWithoutAddress);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 4}), Reason::InterfaceNotServed);
  EXPECT_EQ(site.silence(discover(), {.interface_index = 9}), Reason::UnknownInterface);
}

TEST(Silence, Row3CookieAndOverrun) {
  Site site(kBoth);
  Bytes octets = packed(discover());
  octets[236] = 0;
  EXPECT_EQ(silence(site, octets), Reason::BadCookie);
  octets = packed(discover());
  octets[240] = 60;
  octets[241] = 255;
  EXPECT_EQ(silence(site, octets), Reason::OptionOverrun);
}

TEST(Silence, Row5NoRange) {
  Site site("port=0\ndhcp-range=10.0.0.0,proxy,255.255.255.0\n" + std::string(kBiosService));
  EXPECT_EQ(site.silence(discover()), Reason::NoRange);
  dhcp::Message relayed = discover();
  relayed.header.giaddr = kRelay;
  EXPECT_EQ(site.silence(relayed, kRelayed), Reason::NoRangeForRelay);
  EXPECT_EQ(log_lines(site.events.back(), LogStyle::Plain).at(0),
            "no address range available for DHCP request via 192.168.77.200");
}

TEST(Silence, Row6Bootp) {
  Site site(kBoth);
  dhcp::Message message = discover();
  message.remove(OptionCode::MessageType);
  EXPECT_EQ(site.silence(message), Reason::Bootp);
  EXPECT_EQ(site.silence(message, kToBootServer), Reason::Bootp);
}

TEST(Silence, Row7VendorClass) {
  Site site(kBoth);
  dhcp::Message message = discover();
  for (const std::string_view text :
       {"pxeclient:Arch:00000", "MSFT 5.0", "PXECli", "xPXEClient", "HTTPClient:Arch:00016"}) {
    const ByteView octets = as_bytes(text);
    message.find(OptionCode::VendorClass)->value.assign(octets.begin(), octets.end());
    EXPECT_EQ(site.silence(message), Reason::ForeignVendorClass) << text;
  }
  message.remove(OptionCode::VendorClass);
  EXPECT_EQ(site.silence(message), Reason::NoVendorClass);
}

TEST(Silence, Row8TheFirstVendorClassDecides) {
  Site site(kBoth);
  dhcp::Message message = discover();
  message.add_text(OptionCode::VendorClass, "MSFT 5.0");
  EXPECT_EQ(site.silence(message), std::nullopt);
}

TEST(Silence, Row10Architecture) {
  Site site(kBoth);
  dhcp::Message message = discover();
  message.find(OptionCode::ClientArchitecture)->value = {0};
  EXPECT_EQ(site.silence(message), Reason::NoArchitecture);
  message.remove(OptionCode::ClientArchitecture);
  EXPECT_EQ(site.silence(message), Reason::NoArchitecture);
}

TEST(Silence, Row13WhatIsForTheAddressServer) {
  Site site(kBoth);
  using dhcp::MessageType;
  EXPECT_EQ(site.silence(pxe_message(MessageType::Request)), Reason::LeaseRequest);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Inform)), Reason::InformWithoutItem);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Inform), kToBootServer),
            Reason::InformWithoutItem);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Decline)), Reason::LeaseTraffic);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Release)), Reason::LeaseTraffic);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Offer)), Reason::ServerMessage);
  EXPECT_EQ(site.silence(pxe_message(MessageType::Nak)), Reason::ServerMessage);
  dhcp::Message message = discover();
  message.find(OptionCode::MessageType)->value = {99};
  EXPECT_EQ(site.silence(message), Reason::UnknownMessageType);
}

TEST(Silence, Row13NeitherAckNorNakForALease) {
  Site site(kBoth);
  dhcp::Message message = plain_message(dhcp::MessageType::Request);
  message.header.ciaddr = kClient;
  EXPECT_EQ(site.silence(message), Reason::NoVendorClass);
  EXPECT_EQ(site.silence(selecting(kClient)), Reason::NoVendorClass);
}

TEST(Silence, Row14TagsOfTheRange) {
  Site site("port=0\ndhcp-match=set:ipxe,175\ndhcp-range=tag:ipxe,192.168.77.0,proxy\n" +
            std::string(kBiosService));
  EXPECT_EQ(site.silence(discover()), Reason::RangeWithheld);
  dhcp::Message ipxe = discover();
  ipxe.add(OptionCode::EtherBoot, Bytes{1, 1, 1});
  EXPECT_EQ(site.silence(ipxe), std::nullopt);
}

TEST(Silence, Row15IgnoredTags) {
  Site site(kBoth + "dhcp-mac=set:mine,52:54:00:*:*:*\ndhcp-ignore=tag:!mine\n");
  EXPECT_EQ(site.silence(discover()), std::nullopt);
  dhcp::Message other = discover();
  other.header.set_mac({{2, 0, 0, 0, 0, 9}});
  EXPECT_EQ(site.silence(other), Reason::ClientIgnored);
}

// D7: dnsmasq forgets the ignore of a dhcp-host line in PXE answers.
TEST(Silence, Row16IgnoredHosts) {
  const std::string lines = kBoth + "dhcp-host=52:54:00:12:34:56,ignore\n";
  Site site(lines);
  EXPECT_EQ(site.silence(discover()), Reason::HostIgnored);
  EXPECT_EQ(site.silence(boot_request(7), kToBootServer), Reason::HostIgnored);
  EXPECT_EQ(site.silence(boot_request(0, {.type = 0x8000, .layer = 0}), kToBootServer),
            Reason::HostIgnored);
  Site as_dnsmasq(lines, {.ignored_host = Policy::IgnoredHost::Answered});
  EXPECT_EQ(as_dnsmasq.silence(discover()), std::nullopt);
}

TEST(Silence, BootLinesAloneDoNotSwitchPxeOn) {
  Site site(std::string(kProxyRange) + "dhcp-boot=pxelinux.0\n");
  EXPECT_EQ(site.silence(discover()), Reason::PxeNotConfigured);
  EXPECT_THAT(site.server.ports(), testing::ElementsAre(67));
}

TEST(Silence, TellsWhoWasNotAnswered) {
  Site site(kBoth);
  dhcp::Message message = discover(11);
  site.send(message);
  const ServerEvent& event = site.events.back();
  EXPECT_EQ(event.kind, ServerEvent::Kind::Silent);
  EXPECT_EQ(event.client, kMac);
  EXPECT_EQ(event.xid, 0x11223344U);
  EXPECT_EQ(event.architecture, 11);
  EXPECT_EQ(describe(event),
            "DISCOVER on 67 via eth0 from 52:54:00:12:34:56, arch 11 (UEFI arm64): silent: no "
            "pxe-service and no dhcp-boot for this client's architecture and tags");
}

// MAL-06: options may stand in file and sname, and an illegal option 52 is ignored.
TEST(Silence, FindsOverloadedOptions) {
  Site site(kBoth);
  dhcp::Message message;
  message.header.set_mac(kMac);
  message.add_type(dhcp::MessageType::Discover);
  message.add_u8(OptionCode::Overload, 3);
  const std::string file = std::string("\x3c\x09PXEClient\xff", 12);
  const std::string sname = std::string("\x5d\x02\x00\x00\xff", 5);
  std::ranges::copy(as_bytes(file), message.header.file.begin());
  std::ranges::copy(as_bytes(sname), message.header.sname.begin());
  EXPECT_EQ(site.silence(message), std::nullopt);
  dhcp::Message illegal = discover();
  illegal.add_u8(OptionCode::Overload, 4);
  EXPECT_EQ(site.silence(illegal), std::nullopt);
}

}  // namespace
}  // namespace pxeproof::server
