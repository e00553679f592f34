#include <gtest/gtest.h>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::OptionCode;

const std::string kBoth =
    std::string(kProxyRange) + std::string(kBiosService) + std::string(kUefiService);

TEST(BootServer, AcknowledgesTheChosenItem) {
  Site site(kBoth);
  const dhcp::Message ack = site.ask(boot_request(0, {.type = 0x8000, .layer = 0}), kToBootServer);
  EXPECT_EQ(option(ack, OptionCode::MessageType), "05");
  EXPECT_EQ(ack.header.siaddr, kServer);
  EXPECT_EQ(ack.header.file_text(), "pxelinux.0");
  EXPECT_EQ(ack.header.yiaddr, kClient);
  EXPECT_EQ(ack.header.ciaddr, Ipv4Address{});
  EXPECT_EQ(vendor_block(ack), "470480000000ff");
  EXPECT_EQ(site.replies[0].source.port, 4011);
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.50:68");
  EXPECT_EQ(site.events.back().kind, ServerEvent::Kind::ItemAcknowledged);
  EXPECT_EQ(log_lines(site.events.back(), LogStyle::Plain),
            std::vector<std::string>{"PXE(eth0) 192.168.77.50 52:54:00:12:34:56 pxelinux.0"});
}

TEST(BootServer, NamesTheFileOfTheLayer) {
  Site site(kBoth);
  const dhcp::Message ack = site.ask(boot_request(0, {.type = 0x8000, .layer = 1}), kToBootServer);
  EXPECT_EQ(ack.header.file_text(), "pxelinux.1");
  EXPECT_EQ(vendor_block(ack), "470480000001ff");
}

// D22: the dot counts in the last component only.
TEST(BootServer, AddsTheLayerUnlessTheNameItselfHasASuffix) {
  Site site(
      std::string(kProxyRange) +
      "pxe-service=x86PC,\"B\",./pxelinux\npxe-service=x86PC,\"C\",v1.2/pxelinux\n"
      "pxe-service=x86PC,\"D\",undionly.kpxe\npxe-service=x86PC,\"E\",http://10.0.0.1/boot\n");
  const auto file = [&](std::uint16_t type) {
    return std::string(
        site.ask(boot_request(0, {.type = type, .layer = 0}), kToBootServer).header.file_text());
  };
  EXPECT_EQ(file(0x8000), "./pxelinux.0");
  EXPECT_EQ(file(0x8001), "v1.2/pxelinux.0");
  EXPECT_EQ(file(0x8002), "undionly.kpxe");
  EXPECT_EQ(file(0x8003), "http://10.0.0.1/boot");
}

TEST(BootServer, AnswersToThePortTheClientAskedFrom) {
  Site site(kBoth);
  site.send(boot_request(7), {{kClient, 4011}, {kServer, 4011}, 1});
  ASSERT_EQ(site.replies.size(), 1U);
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.50:4011");
}

TEST(BootServer, AnswersABroadcastDiscoveryOnTheDhcpPort) {
  Site site(kBoth);
  const Route broadcast{{kClient, 68}, {Ipv4Address::broadcast(), 67}, 1};
  dhcp::Message message = boot_request(0, {.type = 0x8000, .layer = 0});
  EXPECT_EQ(site.ask(message, broadcast).header.file_text(), "pxelinux.0");
  EXPECT_EQ(site.replies[0].source.port, 67);
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Direct);
  EXPECT_EQ(site.replies[0].link_address, kMac);
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.50:68");

  message.header.flags = dhcp::kBroadcastFlag;
  site.send(message, broadcast);
  EXPECT_EQ(to_string(site.replies.at(0).destination), "255.255.255.255:68");
}

TEST(BootServer, AnswersAMulticastDiscoveryOnlyWhenItOfferedOne) {
  const Ipv4Address group = Ipv4Address::of(239, 1, 2, 3);
  const Route multicast{{kClient, 68}, {group, 4011}, 1};
  const dhcp::Message message = boot_request(0, {.type = 0x8000, .layer = 0});
  Site offering(kBoth, {.discovery_group = group});
  EXPECT_EQ(offering.ask(message, multicast).header.file_text(), "pxelinux.0");
  EXPECT_EQ(offering.replies[0].source.address, kServer);
  Site other(kBoth);
  EXPECT_EQ(other.silence(message, multicast), Reason::MulticastNotOffered);
}

TEST(BootServer, AnswersAnInformWithAnItem) {
  Site site(kBoth);
  dhcp::Message message = boot_request(0, {.type = 0x8000, .layer = 0});
  message.find(OptionCode::MessageType)->value = {8};
  EXPECT_EQ(option(site.ask(message, kToBootServer), OptionCode::MessageType), "05");
}

TEST(BootServer, CopiesAHardwareAddressThatIsAnIdentifier) {
  Site site(kBoth);
  dhcp::Message message = boot_request(7);
  message.header.hlen = 16;
  for (std::uint8_t at = 0; at < 16; ++at) message.header.chaddr[at] = at;
  const dhcp::Message ack = site.ask(message, kToBootServer);
  EXPECT_EQ(ack.header.hlen, 16);
  EXPECT_EQ(ack.header.chaddr, message.header.chaddr);
}

TEST(BootServer, IsSilentForItemsItDoesNotHave) {
  Site site(kBoth + "pxe-service=x86PC,\"WDS\",2,192.168.77.7\n");
  const auto silence = [&](std::uint16_t type, std::uint16_t layer) {
    return site.silence(boot_request(0, {.type = type, .layer = layer}), kToBootServer);
  };
  EXPECT_EQ(silence(1, 0), Reason::UnknownBootType);
  EXPECT_EQ(silence(0xffff, 0), Reason::UnknownBootType);
  EXPECT_EQ(silence(0, 0), Reason::LocalBootType);
  EXPECT_EQ(silence(2, 0), Reason::LocalBootType);
  EXPECT_EQ(silence(0x8000, 0x8000), Reason::CredentialsRequested);
}

// D6: dnsmasq hands any client any file.
TEST(BootServer, NeverHandsOutAFileOfAnotherArchitectureOrTag) {
  Site site(kBoth + "pxe-service=tag:staff,x86PC,\"Secret\",secret\n");
  const auto silence = [&](std::uint16_t architecture, std::uint16_t type) {
    return site.silence(boot_request(architecture, {.type = type, .layer = 0}), kToBootServer);
  };
  EXPECT_EQ(silence(0, 0x8001), Reason::ForeignArchitectureItem);
  EXPECT_EQ(silence(7, 0x8000), Reason::ForeignArchitectureItem);
  EXPECT_EQ(silence(0, 0x8002), Reason::ItemWithheld);
  EXPECT_EQ(silence(9, 0x8001), std::nullopt);

  Site as_dnsmasq(kBoth, {.item_check = Policy::ItemCheck::TypeOnly});
  EXPECT_EQ(as_dnsmasq.ask(boot_request(0, {.type = 0x8001, .layer = 0}), kToBootServer)
                .header.file_text(),
            "grubx64.efi");
}

TEST(BootServer, FindsTheArchitectureInTheVendorClass) {
  Site site(kBoth);
  dhcp::Message message = boot_request(7, {.type = 0x8000, .layer = 0});
  message.remove(OptionCode::ClientArchitecture);
  EXPECT_EQ(site.silence(message, kToBootServer), Reason::ForeignArchitectureItem);
  message.find(OptionCode::VendorClass)->value = {'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't'};
  EXPECT_EQ(site.ask(message, kToBootServer).header.file_text(), "pxelinux.0");
}

TEST(BootServer, AsksForACiaddrInsideARange) {
  Site site(kBoth);
  dhcp::Message message = boot_request(0, {.type = 0x8000, .layer = 0});
  message.header.ciaddr = {};
  EXPECT_EQ(site.silence(message, kToBootServer), Reason::ClientOutsideRange);
  message.header.ciaddr = Ipv4Address::of(10, 1, 1, 1);
  EXPECT_EQ(site.silence(message, kToBootServer), Reason::ClientOutsideRange);
}

// BOOT-14: a request must not make the server send to a third party.
TEST(BootServer, AnswersTheSourceAndNotWhatCiaddrSays) {
  Site site(kBoth);
  dhcp::Message message = boot_request(7);
  message.header.ciaddr = Ipv4Address::of(192, 168, 77, 66);
  site.send(message, kToBootServer);
  EXPECT_EQ(to_string(site.replies.at(0).destination), "192.168.77.50:68");

  message.header.ciaddr = {};
  site.send(message, kToBootServer);
  EXPECT_EQ(to_string(site.replies.at(0).destination), "192.168.77.50:68");

  const Route from_nowhere{{{}, 68}, {kServer, 4011}, 1};
  EXPECT_EQ(site.silence(message, from_nowhere), Reason::NoReturnAddress);
}

}  // namespace
}  // namespace pxeproof::server
