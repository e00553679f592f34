#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/server/scripted_client.h"

// What an address server does beside ordinary leases: BOOTP, rapid commit, names, proxies.
namespace pxeproof::server {
namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::string_view kPool =
    "port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.200,12h\n";
constexpr std::string_view kBothPools =
    "port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.200,12h\n"
    "dhcp-range=10.9.0.100,10.9.0.200,255.255.0.0,12h\n";
constexpr Ipv4Address kHashed = Ipv4Address::of(192, 168, 77, 157);
constexpr Ipv4Address kFarRelay = Ipv4Address::of(10, 9, 0, 1);
constexpr Route kFromFarRelay{{kFarRelay, 67}, {kServer, 67}, 1};
constexpr auto kRapidCommitOption = static_cast<OptionCode>(kRapidCommit);
constexpr auto kFqdnOption = static_cast<OptionCode>(kClientFqdn);

std::string with(std::string_view lines) { return std::string(kPool) + std::string(lines); }

dhcp::Message bootp() {
  dhcp::Message message = plain_message(MessageType::Discover);
  message.options.clear();
  return message;
}

std::string text(const dhcp::Message& message, OptionCode code) {
  const dhcp::Option* found = message.find(code);
  return found == nullptr ? "-" : as_text(found->value);
}

// OFFER and ACK of a client.
dhcp::Message lease(Site& site, dhcp::Message message, Route route = {}) {
  const dhcp::Message offer = site.ask(message, route);
  message.find(OptionCode::MessageType)->value = {3};
  message.add_address(OptionCode::RequestedAddress, offer.header.yiaddr);
  message.add(OptionCode::ServerIdentifier, offer.find(OptionCode::ServerIdentifier)->value);
  return site.ask(message, route);
}

// They were silent, whatever the configuration said.
TEST(LeaseKinds, GiveABootpClientAnAddressForEver) {
  Site site(with("bootp-dynamic\ndhcp-boot=tag:bootp,vmlinux\ndhcp-option=17,/srv/root\n"));
  const dhcp::Message reply = site.ask(bootp());
  EXPECT_EQ(reply.header.yiaddr, kHashed);
  EXPECT_EQ(reply.header.file_text(), "vmlinux");
  EXPECT_EQ(option(reply, OptionCode::MessageType), "-");
  EXPECT_EQ(option(reply, OptionCode::LeaseTime), "-");
  EXPECT_EQ(option(reply, OptionCode::SubnetMask), "ffffff00");
  EXPECT_EQ(text(reply, OptionCode::RootPath), "/srv/root");
  ASSERT_NE(site.server.leases().find(kHashed), nullptr);
  EXPECT_EQ(site.server.leases().find(kHashed)->expires, std::nullopt);
}

TEST(LeaseKinds, GiveABootpClientWhatIsReservedForIt) {
  Site site(with("dhcp-host=52:54:00:12:34:56,192.168.77.60,old,20m\n"));
  const dhcp::Message reply = site.ask(bootp());
  EXPECT_EQ(to_string(reply.header.yiaddr), "192.168.77.60");
  EXPECT_EQ(text(reply, OptionCode::HostName), "old");
  const Lease* lease = site.server.leases().find(reply.header.yiaddr);
  ASSERT_NE(lease, nullptr);
  EXPECT_EQ(lease->expires, kStart + 20min);
  dhcp::Message stranger = bootp();
  stranger.header.set_mac({{2, 0, 0, 0, 0, 1}});
  EXPECT_EQ(site.silence(stranger), Reason::BootpWithoutAddress);
}

// RFC 951 has 64 octets for them, and no option 52.
TEST(LeaseKinds, KeepABootpReplyTo300Octets) {
  Site site(
      with("bootp-dynamic\ndhcp-option=17,/a-path-that-does-not-fit-beside-the-others\n"
           "dhcp-option=40,nis\n"));
  const dhcp::Message reply = site.ask(bootp());
  EXPECT_EQ(site.replies[0].head.size(), dhcp::kMinimumMessage);
  EXPECT_EQ(option(reply, OptionCode::RootPath), "-");
  EXPECT_EQ(option(reply, OptionCode::Overload), "-");
  EXPECT_EQ(text(reply, static_cast<OptionCode>(40)), "nis");
}

TEST(LeaseKinds, TakeTheFileOfABootpRequestForATag) {
  Site site(with("bootp-dynamic\ndhcp-boot=tag:unix,vmunix\ndhcp-boot=other\n"));
  dhcp::Message message = bootp();
  message.header.set_file("unix");
  EXPECT_EQ(site.ask(message).header.file_text(), "vmunix");
  EXPECT_EQ(site.ask(bootp()).header.file_text(), "other");
}

TEST(LeaseKinds, TellABootpClientTheNextServerOfTheOption) {
  Site site(with("bootp-dynamic\ndhcp-option=option:server-ip-address,192.168.77.4\n"));
  EXPECT_EQ(to_string(site.ask(bootp()).header.siaddr), "192.168.77.4");
}

TEST(LeaseKinds, CommitRapidlyWhereBothSidesWantIt) {
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add(kRapidCommitOption, {});
  Site plain(kPool);
  EXPECT_EQ(option(plain.ask(message), OptionCode::MessageType), "02");
  Site site(with("dhcp-rapid-commit\n"));
  const dhcp::Message ack = site.ask(message);
  EXPECT_EQ(option(ack, OptionCode::MessageType), "05");
  EXPECT_EQ(option(ack, kRapidCommitOption), "");
  EXPECT_NE(site.server.leases().find(kHashed), nullptr);
}

TEST(LeaseKinds, AnswerAFullNameInItsOwnForm) {
  Site site(with("domain=lab.example\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add(kFqdnOption, Bytes{0, 0, 0, 'p', 'c', '1'});
  EXPECT_EQ(option(lease(site, message), kFqdnOption),
            "03ffff" + to_hex(as_bytes("pc1.lab.example")));
  message = plain_message(MessageType::Discover, {{2, 0, 0, 0, 0, 1}});
  message.add(kFqdnOption, Bytes{5, 0, 0, 3, 'p', 'c', '2', 1, 'x', 0});
  EXPECT_EQ(option(lease(site, message), kFqdnOption), "05ffff03" + to_hex(as_bytes("pc2")) + "03" +
                                                           to_hex(as_bytes("lab")) + "07" +
                                                           to_hex(as_bytes("example")) + "00");
  Site clients_update(with("dhcp-client-update\n"));
  EXPECT_EQ(option(lease(clients_update, message), kFqdnOption).substr(0, 2), "0e");
}

TEST(LeaseKinds, NameClientsAsTheConfigurationWantsIt) {
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_text(OptionCode::HostName, "mine");
  Site plain(kPool);
  EXPECT_EQ(text(lease(plain, message), OptionCode::HostName), "mine");
  Site ignoring(with("dhcp-ignore-names=tag:!known\n"));
  EXPECT_EQ(text(lease(ignoring, message), OptionCode::HostName), "-");
  Site generating(with("dhcp-ignore-names\ndhcp-generate-names\n"));
  EXPECT_EQ(text(lease(generating, message), OptionCode::HostName), "52-54-00-12-34-56");
}

// The domain of such a line was option 12's, and a name went before a hardware address.
TEST(LeaseKinds, TakeAHostsOwnLabelAndItsHardwareFirst) {
  Site site(with("dhcp-host=52:54:00:*:*:*,pc.lab.example\ndhcp-host=mine,192.168.77.60\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_text(OptionCode::HostName, "mine");
  const dhcp::Message ack = lease(site, message);
  EXPECT_EQ(ack.header.yiaddr, kHashed);
  EXPECT_EQ(text(ack, OptionCode::HostName), "pc");
}

// Its old lease was ended first, and then the offer was another client's: a NAK.
TEST(LeaseKinds, LetARomTakeTheOfferOfItsSystem) {
  Site site(kBothPools);
  dhcp::Message system = plain_message(MessageType::Discover);
  system.header.giaddr = kFarRelay;
  system.add(OptionCode::ClientIdentifier, Bytes{1, 2, 3});
  lease(site, system, kFromFarRelay);
  EXPECT_EQ(option(lease(site, plain_message(MessageType::Discover)), OptionCode::MessageType),
            "05");
}

// As in dnsmasq a tag from the name comes too late for dhcp-host lines that want it.
TEST(LeaseKinds, LookForAHostBeforeItsNameCounts) {
  Site site(
      with("dhcp-name-match=set:web,web*\ndhcp-option-force=tag:web,224,web\n"
           "dhcp-host=52:54:00:12:34:56,tag:web,192.168.77.60\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_text(OptionCode::HostName, "web1");
  const dhcp::Message offer = site.ask(message);
  EXPECT_EQ(offer.header.yiaddr, kHashed);
  EXPECT_EQ(text(offer, static_cast<OptionCode>(224)), "web");
}

TEST(LeaseKinds, KnowTheDomainOfARange) {
  Site site(
      with("domain=low.example,192.168.77.0,192.168.77.150\n"
           "domain=high.example,192.168.77.128/25\ndomain=other.example\n"));
  EXPECT_EQ(text(lease(site, plain_message(MessageType::Discover)), OptionCode::DomainName),
            "high.example");
  Site by_interface(with("domain=eth0.example,eth0\ndomain=other.example,10.0.0.0/8\n"));
  EXPECT_EQ(text(lease(by_interface, plain_message(MessageType::Discover)), OptionCode::DomainName),
            "eth0.example");
}

TEST(LeaseKinds, ForgetIdentifiersWhereTheyAreIgnored) {
  Site site(with("dhcp-ignore-clid\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add(OptionCode::ClientIdentifier, Bytes{1, 2, 3});
  lease(site, message);
  EXPECT_EQ(site.server.leases().find(kHashed)->client.client_id, "");
}

TEST(LeaseKinds, LetARelayStandForTheServer) {
  Site site(std::string(kBothPools) + "dhcp-proxy=10.9.0.1\n");
  dhcp::Message message = plain_message(MessageType::Discover);
  message.header.giaddr = kFarRelay;
  EXPECT_EQ(option(lease(site, message, kFromFarRelay), OptionCode::ServerIdentifier), "0a090001");
  message.header.giaddr = Ipv4Address::of(10, 9, 0, 2);
  EXPECT_EQ(option(site.ask(message, kFromFarRelay), OptionCode::ServerIdentifier), "c0a84d01");
}

TEST(LeaseKinds, LetTheRelaysOwnWishGoBeforeTheConfiguration) {
  Site site(std::string(kBothPools) + "dhcp-proxy\n");
  dhcp::Message message = plain_message(MessageType::Discover);
  message.header.giaddr = kFarRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{11, 4, 10, 9, 0, 9});
  EXPECT_EQ(option(lease(site, message, kFromFarRelay), OptionCode::ServerIdentifier), "0a090009");
}

// The ACK of the renewal had another server, and no router.
TEST(LeaseKinds, TellARenewingClientWhatItsRelayTold) {
  Site site(kBothPools);
  dhcp::Message message = plain_message(MessageType::Discover);
  message.header.giaddr = kFarRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{11, 4, 10, 9, 0, 1});
  const Ipv4Address leased = lease(site, message, kFromFarRelay).header.yiaddr;
  dhcp::Message renewal = plain_message(MessageType::Request);
  renewal.header.ciaddr = leased;
  const dhcp::Message ack = site.ask(renewal, {{leased, 68}, {kServer, 67}, 1});
  EXPECT_EQ(option(ack, OptionCode::ServerIdentifier), "0a090001");
  EXPECT_EQ(option(ack, OptionCode::Router), "0a090001");
}

TEST(LeaseKinds, AnswerInTheNameThatWasSelected) {
  Site site(kPool);
  dhcp::Message message = plain_message(MessageType::Discover);
  EXPECT_EQ(option(lease(site, message), OptionCode::ServerIdentifier), "c0a84d01");
  message.header.giaddr = kRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{11, 4, 192, 168, 77, 200});
  EXPECT_EQ(option(lease(site, message, kRelayed), OptionCode::ServerIdentifier), "c0a84dc8");
  EXPECT_EQ(option(lease(site, plain_message(MessageType::Discover)), OptionCode::ServerIdentifier),
            "c0a84d01");
}

// A relay with link selection stands in another subnet; two relays of one subnet are two routers.
TEST(LeaseKinds, TellEachClientTheRouterOfItsSubnet) {
  Site site(kBothPools);
  dhcp::Message message = plain_message(MessageType::Discover);
  for (const std::uint8_t last : std::initializer_list<std::uint8_t>{1, 2}) {
    message.header.giaddr = Ipv4Address::of(10, 9, 0, last);
    EXPECT_EQ(site.ask(message, kRelayed).find(OptionCode::Router)->value, (Bytes{10, 9, 0, last}));
  }
  message.header.giaddr = kRelay;
  message.add(OptionCode::RelayAgentInformation, Bytes{5, 4, 10, 9, 0, 0});
  EXPECT_EQ(option(site.ask(message, kRelayed), OptionCode::Router), "0a090002");
}

// It was broadcast on the server's own wire.
TEST(LeaseKinds, RefuseADistantClientByUnicast) {
  Site site(std::string(kBothPools) + "dhcp-authoritative\n");
  dhcp::Message renewal = plain_message(MessageType::Request);
  renewal.header.ciaddr = Ipv4Address::of(10, 9, 0, 20);
  const dhcp::Message nak = site.ask(renewal, {{renewal.header.ciaddr, 68}, {kServer, 67}, 1});
  EXPECT_EQ(option(nak, OptionCode::MessageType), "06");
  EXPECT_EQ(to_string(site.replies[0].destination), "10.9.0.20:68");
}

TEST(LeaseKinds, ReachTheClientsOfASharedNetwork) {
  Site site(
      "port=0\nno-ping\nshared-network=eth0,10.5.0.1\n"
      "dhcp-range=10.5.0.10,10.5.0.20,255.255.255.0\n");
  site.ask(plain_message(MessageType::Discover));
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Direct);
  EXPECT_EQ(site.replies[0].link_address, kMac);
}

TEST(LeaseKinds, DeriveTheBroadcastAddressFromTheNetmaskThatTheyTell) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.200,255.255.0.0\n");
  const dhcp::Message offer = site.ask(plain_message(MessageType::Discover));
  EXPECT_EQ(option(offer, OptionCode::SubnetMask), "ffff0000");
  EXPECT_EQ(option(offer, OptionCode::BroadcastAddress), "c0a8ffff");
}

// "vendor:" without a class was an option of its own, 43 came to who asked for 60 alone, and what
// did not fit into one instance was lost.
TEST(LeaseKinds, SpreadVendorOptionsOverInstances) {
  const std::string filler(100, 'x');
  Site site(with("dhcp-option=vendor:,9,all\ndhcp-option=vendor:Sun,1," + filler +
                 "\ndhcp-option=vendor:Sun,2," + filler + "\ndhcp-option=vendor:Sun,3," + filler +
                 "\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_text(OptionCode::VendorClass, "SunOS");
  message.add_u16(OptionCode::MaximumMessageSize, 1260);
  message.find(OptionCode::ParameterRequestList)->value = {43};
  const dhcp::Message offer = site.ask(message);
  std::vector<std::size_t> sizes;
  for (const dhcp::Option& each : offer.options) {
    if (each.code == 43) sizes.push_back(each.value.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{204, 108}));
  EXPECT_EQ(text(offer, OptionCode::VendorClass), "SunOS");
  message.find(OptionCode::ParameterRequestList)->value = {60};
  EXPECT_EQ(option(site.ask(message), OptionCode::VendorSpecific), "-");
}

TEST(LeaseKinds, SpreadEncapsulatedOptionsOverInstances) {
  const std::string filler(120, 'x');
  Site site(with("dhcp-option=encap:175,1," + filler + "\ndhcp-option=encap:175,2," + filler +
                 "\ndhcp-option=encap:175,3," + filler + "\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_u16(OptionCode::MaximumMessageSize, 1260);
  message.find(OptionCode::ParameterRequestList)->value = {175};
  const dhcp::Message offer = site.ask(message);
  EXPECT_EQ(std::ranges::count(offer.options, std::uint8_t{175}, &dhcp::Option::code), 2);
}

TEST(LeaseKinds, SendTheirOwnTimeAndIdentifierAlone) {
  Site site(with("dhcp-option=51,7200\ndhcp-option=54,192.168.77.9\n"));
  const dhcp::Message offer = site.ask(plain_message(MessageType::Discover));
  EXPECT_EQ(std::ranges::count(offer.options, std::uint8_t{51}, &dhcp::Option::code), 1);
  EXPECT_EQ(std::ranges::count(offer.options, std::uint8_t{54}, &dhcp::Option::code), 1);
  EXPECT_EQ(option(offer, OptionCode::ServerIdentifier), "c0a84d01");
}

// RFC 2132 s.9.10: 576 is the least that a client may say.
TEST(LeaseKinds, TakeAnImpossibleSizeForTheSmallest) {
  Site site(with("dhcp-option=128," + std::string(200, 'a') + "\ndhcp-option=129," +
                 std::string(200, 'b') + "\n"));
  dhcp::Message message = plain_message(MessageType::Discover);
  message.find(OptionCode::ParameterRequestList)->value = {128, 129};
  message.add_u16(OptionCode::MaximumMessageSize, 10);
  site.ask(message);
  EXPECT_LE(site.replies[0].head.size(), 548U);
}

// It got another address, or none: the offer was taken for somebody else's, and a message without a
// cookie for no message.
TEST(LeaseKinds, GiveABootpClientWhatItWasOfferedByDhcp) {
  Site site(with("bootp-dynamic\n"));
  EXPECT_EQ(site.ask(plain_message(MessageType::Discover)).header.yiaddr, kHashed);
  EXPECT_EQ(site.ask(bootp()).header.yiaddr, kHashed);

  Bytes without_cookie;
  dhcp::encode_into(bootp(), dhcp::kMinimumMessage, without_cookie);
  std::fill(without_cookie.begin() + dhcp::kHeaderSize, without_cookie.end(), std::uint8_t{0});
  site.send(without_cookie);
  EXPECT_EQ(site.reply().header.yiaddr, kHashed);
  // What is no list of options is none.
  without_cookie.back() = 77;
  site.send(without_cookie);
  EXPECT_EQ(site.reply().header.yiaddr, kHashed);
  // DHCP has one.
  Bytes dhcp_message;
  dhcp::encode_into(plain_message(MessageType::Discover), dhcp::kMinimumMessage, dhcp_message);
  dhcp_message[dhcp::kHeaderSize] = 0;
  site.send(dhcp_message);
  EXPECT_TRUE(site.replies.empty());
  EXPECT_EQ(site.events.back().reason, Reason::BadCookie);
}

// Two leases had it. What dnsmasq 2.90 was seen to do.
TEST(LeaseKinds, GiveANameToWhoComesLater) {
  Site site(with("dhcp-host=02:00:00:00:00:09,boss\n"));
  const auto named = [](std::uint8_t number, std::string_view name) {
    dhcp::Message message = plain_message(MessageType::Discover, {{2, 0, 0, 0, 0, number}});
    if (!name.empty()) message.add_text(OptionCode::HostName, name);
    return message;
  };
  const auto name_at = [&](Ipv4Address address) {
    return site.server.leases().find(address)->host_name;
  };
  const Ipv4Address first = lease(site, named(1, "pc")).header.yiaddr;
  const Ipv4Address second = lease(site, named(2, "PC")).header.yiaddr;
  EXPECT_EQ(name_at(first), "");
  EXPECT_EQ(name_at(second), "PC");
  // Who says no name keeps the one it has.
  lease(site, named(2, ""));
  EXPECT_EQ(name_at(second), "PC");
  lease(site, named(1, "pc"));
  EXPECT_EQ(name_at(first), "pc");
  EXPECT_EQ(name_at(second), "");

  // A name of the configuration is taken from nobody, and goes to its own machine.
  lease(site, named(2, "boss"));
  EXPECT_EQ(name_at(second), "boss");
  const Ipv4Address boss = lease(site, named(9, "")).header.yiaddr;
  EXPECT_EQ(name_at(boss), "boss");
  EXPECT_EQ(name_at(second), "");
  // The client is told its name all the same.
  EXPECT_EQ(text(lease(site, named(1, "boss")), OptionCode::HostName), "boss");
  EXPECT_EQ(name_at(first), "pc");
}

TEST(LeaseKinds, GiveANameToOneInEachDomainWhereNamesAreFull) {
  Site site(with("dhcp-fqdn\ndomain=one.lan,192.168.77.100,192.168.77.150\ndomain=two.lan\n"));
  std::map<std::string, int> named;
  for (std::uint8_t number = 1; number <= 20; ++number) {
    dhcp::Message message = plain_message(MessageType::Discover, {{2, 0, 0, 0, 0, number}});
    message.add_text(OptionCode::HostName, "pc");
    lease(site, message);
  }
  for (const auto& [address, each] : site.server.leases().all()) {
    if (each.host_name == "pc") ++named[address.value % 256 <= 150 ? "one.lan" : "two.lan"];
  }
  EXPECT_EQ(named, (std::map<std::string, int>{{"one.lan", 1}, {"two.lan", 1}}));
}

// A line that came after the lease counts for it, as in dnsmasq.
TEST(LeaseKinds, HaveTheNamesOfANewConfiguration) {
  Site site(kPool);
  dhcp::Message message = plain_message(MessageType::Discover);
  message.add_text(OptionCode::HostName, "pc");
  const Ipv4Address address = lease(site, message).header.yiaddr;
  LeaseChange change;
  while (site.server.poll_lease_change(change)) {
  }
  site.server.reload(configure(with("dhcp-host=52:54:00:12:34:56,desk\n")), {ethernet()});
  EXPECT_EQ(site.server.leases().find(address)->host_name, "desk");
  ASSERT_TRUE(site.server.poll_lease_change(change));
  EXPECT_EQ(change.before->host_name, "pc");
  EXPECT_FALSE(site.server.poll_lease_change(change));
  // Not where another address is meant.
  site.server.reload(configure(with("dhcp-host=52:54:00:12:34:56,192.168.77.9,far\n")),
                     {ethernet()});
  EXPECT_EQ(site.server.leases().find(address)->host_name, "desk");
}

}  // namespace
}  // namespace pxeproof::server
