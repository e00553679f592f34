#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <set>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::string_view kPool =
    "port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.200,12h\n";
// Where dnsmasq's hash puts 52:54:00:12:34:56.
constexpr Ipv4Address kHashed = Ipv4Address::of(192, 168, 77, 157);

MacAddress mac(std::uint32_t number) {
  return {{2, 0, 0, static_cast<std::uint8_t>(number >> 16U),
           static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)}};
}

// DISCOVER and REQUEST; the address, or nullopt when one of them got none.
std::optional<Ipv4Address> obtain(Site& site, MacAddress client, Instant now = kStart) {
  site.send(plain_message(MessageType::Discover, client), {}, now);
  if (site.replies.size() != 1) return std::nullopt;
  const Ipv4Address offered = site.reply().header.yiaddr;
  const dhcp::Message ack = site.ask(selecting(offered, client), {}, now);
  if (option(ack, OptionCode::MessageType) != "05") return std::nullopt;
  return ack.header.yiaddr;
}

TEST(AddressServer, OffersTheHashedAddress) {
  Site site(kPool);
  const dhcp::Message offer = site.ask(plain_message(MessageType::Discover));
  EXPECT_EQ(offer.header.yiaddr, kHashed);
  EXPECT_EQ(option(offer, OptionCode::LeaseTime), "0000a8c0");
  EXPECT_EQ(option(offer, OptionCode::SubnetMask), "ffffff00");
  EXPECT_EQ(option(offer, OptionCode::Router), "c0a84d01");
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Direct);
  EXPECT_EQ(site.replies[0].link_address, kMac);
}

TEST(AddressServer, LeasesWhatItOffered) {
  Site site(kPool);
  EXPECT_EQ(obtain(site, kMac), kHashed);
  ASSERT_NE(site.server.leases().find(kHashed), nullptr);
  EXPECT_EQ(
      log_lines(site.events.back(), LogStyle::WithXid),
      (std::vector<std::string>{"1432778632 DHCPREQUEST(eth0) 192.168.77.157 52:54:00:12:34:56",
                                "1432778632 DHCPACK(eth0) 192.168.77.157 52:54:00:12:34:56"}));
  LeaseChange change;
  ASSERT_TRUE(site.server.poll_lease_change(change));
  EXPECT_EQ(change.kind, LeaseChange::Kind::Granted);
  EXPECT_EQ(change.lease.address, kHashed);
}

// dnsmasq offers the same address to two clients whose hashes meet, and relies on ping.
TEST(AddressServer, NeverOffersAnAddressTwice) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.109\n");
  std::set<Ipv4Address> offered;
  for (std::uint32_t number = 0; number < 10; ++number) {
    offered.insert(site.ask(plain_message(MessageType::Discover, mac(number))).header.yiaddr);
  }
  EXPECT_EQ(offered.size(), 10U);
  for (std::uint32_t number = 0; number < 10; ++number) {
    ASSERT_TRUE(obtain(site, mac(number)).has_value());
  }
  EXPECT_EQ(site.silence(plain_message(MessageType::Discover, mac(99))),
            Reason::AddressesExhausted);
}

// Two cards of one machine ask at once, and each is offered the address of their common line.
TEST(AddressServer, LeasesTheAddressOfAHostLineToWhicheverCardAsksForIt) {
  Site site(std::string(kPool) + "dhcp-host=02:00:00:00:00:01,02:00:00:00:00:02,192.168.77.44\n");
  const Ipv4Address common = Ipv4Address::of(192, 168, 77, 44);
  for (const std::uint32_t card : {1, 2}) {
    EXPECT_EQ(site.ask(plain_message(MessageType::Discover, mac(card))).header.yiaddr, common);
  }
  EXPECT_EQ(option(site.ask(selecting(common, mac(1))), OptionCode::MessageType), "05");
}

TEST(AddressServer, GivesAnUnclaimedOfferToTheNextClient) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.100\n");
  site.ask(plain_message(MessageType::Discover, mac(1)));
  EXPECT_EQ(obtain(site, mac(2)), Ipv4Address::of(192, 168, 77, 100));
  EXPECT_EQ(option(site.ask(selecting(Ipv4Address::of(192, 168, 77, 100), mac(1))),
                   OptionCode::MessageType),
            "06");
}

// Invented machines that ask and never come back must not take the offers of those who do.
TEST(AddressServer, LeasesAnAddressOfAFullPoolToTheFirstThatTakesItUp) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.104\n");
  std::vector<Ipv4Address> offered;
  for (std::uint32_t number = 0; number < 8; ++number) {
    offered.push_back(site.ask(plain_message(MessageType::Discover, mac(number))).header.yiaddr);
  }
  std::set<Ipv4Address> leased;
  for (std::uint32_t number = 0; number < 8; ++number) {
    const dhcp::Message answer = site.ask(selecting(offered[number], mac(number)));
    const bool is_acknowledged = option(answer, OptionCode::MessageType) == "05";
    EXPECT_EQ(is_acknowledged, number < 5) << number;
    if (!is_acknowledged) continue;
    EXPECT_TRUE(leased.insert(answer.header.yiaddr).second);
  }
}

TEST(AddressServer, ServesTenThousandClientsWithoutConflict) {
  Site site(
      "port=0\nno-ping\ndhcp-lease-max=20000\n"
      "dhcp-range=10.7.0.1,10.7.63.254,255.255.0.0,12h\n",
      {ethernet("eth0", 1, {{Ipv4Address::of(10, 7, 0, 1), Ipv4Address::of(255, 255, 0, 0)}})});
  std::set<Ipv4Address> leased;
  for (std::uint32_t number = 0; number < 10'000; ++number) {
    const Ipv4Address offered =
        site.ask(plain_message(MessageType::Discover, mac(number))).header.yiaddr;
    dhcp::Message request = selecting(offered, mac(number));
    request.find(OptionCode::ServerIdentifier)->value = {10, 7, 0, 1};
    ASSERT_EQ(option(site.ask(request), OptionCode::MessageType), "05");
    ASSERT_TRUE(leased.insert(offered).second) << to_string(offered);
  }
}

TEST(AddressServer, KeepsAClientsAddress) {
  Site site(kPool);
  obtain(site, kMac);
  EXPECT_EQ(site.ask(plain_message(MessageType::Discover)).header.yiaddr, kHashed);
  dhcp::Message reboot = plain_message(MessageType::Request);
  reboot.add_address(OptionCode::RequestedAddress, kHashed);
  EXPECT_EQ(site.ask(reboot).header.yiaddr, kHashed);
}

TEST(AddressServer, RenewsByUnicast) {
  Site site(kPool);
  obtain(site, kMac);
  dhcp::Message renewal = plain_message(MessageType::Request);
  renewal.header.ciaddr = kHashed;
  const dhcp::Message ack =
      site.ask(renewal, {{kHashed, 68}, {kServer, 67}, 1}, kStart + std::chrono::hours(6));
  EXPECT_EQ(option(ack, OptionCode::MessageType), "05");
  EXPECT_EQ(ack.header.ciaddr, kHashed);
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.157:68");
  EXPECT_EQ(site.server.leases().find(kHashed)->expires, kStart + std::chrono::hours(18));
}

TEST(AddressServer, RefusesWhatIsNotThere) {
  Site site(kPool);
  obtain(site, kMac);
  const auto refusal = [&](const dhcp::Message& message) {
    const dhcp::Message nak = site.ask(message);
    EXPECT_EQ(option(nak, OptionCode::MessageType), "06");
    EXPECT_EQ(nak.header.yiaddr, Ipv4Address{});
    EXPECT_EQ(to_string(site.replies.at(0).destination), "255.255.255.255:68");
    return site.events.back().refusal;
  };
  EXPECT_EQ(refusal(selecting(Ipv4Address::of(10, 0, 0, 1), mac(1))), "wrong network");
  EXPECT_EQ(refusal(selecting(kClient, mac(1))), "address not available");
  EXPECT_EQ(refusal(selecting(kHashed, mac(1))), "address in use");
  dhcp::Message reboot = plain_message(MessageType::Request);
  reboot.add_address(OptionCode::RequestedAddress, Ipv4Address::of(192, 168, 77, 199));
  EXPECT_EQ(refusal(reboot), "wrong address");
}

TEST(AddressServer, LeavesOtherServersClientsAlone) {
  Site site(kPool);
  dhcp::Message message = selecting(kHashed);
  message.find(OptionCode::ServerIdentifier)->value = {192, 168, 77, 3};
  EXPECT_EQ(site.silence(message), Reason::ForeignServerSelected);
  dhcp::Message rebinding = plain_message(MessageType::Request);
  rebinding.header.ciaddr = kHashed;
  EXPECT_EQ(site.silence(rebinding, {.source = {kHashed, 68}}), Reason::UnknownLease);

  Site authoritative(std::string(kPool) + "dhcp-authoritative\n");
  EXPECT_EQ(option(authoritative.ask(message), OptionCode::MessageType), "06");
  EXPECT_EQ(
      option(authoritative.ask(rebinding, {.source = {kHashed, 68}}), OptionCode::MessageType),
      "05");
}

TEST(AddressServer, EndsALeaseThatIsReleased) {
  Site site(kPool);
  obtain(site, kMac);
  dhcp::Message message = plain_message(MessageType::Release);
  message.header.ciaddr = kHashed;
  message.add_address(OptionCode::ServerIdentifier, kServer);
  EXPECT_EQ(site.silence(message, {{kHashed, 68}, {kServer, 67}, 1}), Reason::Released);
  EXPECT_EQ(site.server.leases().find(kHashed), nullptr);
}

TEST(AddressServer, AvoidsAnAddressThatWasDeclined) {
  Site site(kPool);
  obtain(site, kMac);
  dhcp::Message message = plain_message(MessageType::Decline);
  message.add_address(OptionCode::RequestedAddress, kHashed);
  message.add_address(OptionCode::ServerIdentifier, kServer);
  EXPECT_EQ(site.silence(message), Reason::Declined);
  EXPECT_NE(site.ask(plain_message(MessageType::Discover)).header.yiaddr, kHashed);
  EXPECT_NE(site.ask(plain_message(MessageType::Discover, mac(7))).header.yiaddr, kHashed);
}

// A stranger must not be able to empty the pool by declining what it was never given.
TEST(AddressServer, DoesNotLetAStrangerDecline) {
  Site site(kPool);
  dhcp::Message message = plain_message(MessageType::Decline, mac(5));
  message.add_address(OptionCode::RequestedAddress, kHashed);
  message.add_address(OptionCode::ServerIdentifier, kServer);
  site.send(message);
  EXPECT_EQ(site.ask(plain_message(MessageType::Discover)).header.yiaddr, kHashed);
}

TEST(AddressServer, AnswersAnInformWithoutAddressOrTimes) {
  Site site(kPool);
  dhcp::Message message = plain_message(MessageType::Inform);
  message.find(OptionCode::ParameterRequestList)->value = {1, 3, 28};
  message.header.ciaddr = kClient;
  const dhcp::Message ack = site.ask(message, {{kClient, 68}, {kServer, 67}, 1});
  EXPECT_EQ(option(ack, OptionCode::MessageType), "05");
  EXPECT_EQ(ack.header.yiaddr, Ipv4Address{});
  EXPECT_EQ(option(ack, OptionCode::LeaseTime), "-");
  EXPECT_EQ(option(ack, OptionCode::RenewalTime), "-");
  EXPECT_EQ(to_string(site.replies[0].destination), "192.168.77.50:68");
}

TEST(AddressServer, KeepsReservations) {
  Site site(std::string(kPool) + "dhcp-host=52:54:00:12:34:56,192.168.77.120,printer,1h\n");
  const Ipv4Address reserved = Ipv4Address::of(192, 168, 77, 120);
  EXPECT_EQ(obtain(site, kMac), reserved);
  EXPECT_EQ(site.server.leases().find(reserved)->host_name, "printer");
  const dhcp::Message nak = site.ask(selecting(reserved, mac(1)));
  EXPECT_EQ(option(nak, OptionCode::MessageType), "06");
  EXPECT_EQ(site.events.back().refusal, "address reserved");
}

TEST(AddressServer, SendsOptionsByTagAndRequest) {
  Site site(std::string(kPool) +
            "dhcp-mac=set:red,02:00:00:*:*:*\ndhcp-option=tag:red,15,red.example\n"
            "dhcp-option=15,plain.example\ndhcp-option=6,0.0.0.0,9.9.9.9\n"
            "dhcp-option=210,unasked\ndhcp-option-force=209,forced\n");
  const dhcp::Message red = site.ask(plain_message(MessageType::Discover, mac(1)));
  EXPECT_EQ(option(red, OptionCode::DomainName), to_hex(as_bytes("red.example")));
  EXPECT_EQ(option(red, OptionCode::DomainNameServer), "c0a84d0109090909");
  EXPECT_EQ(option(red, OptionCode::PathPrefix), "-");
  EXPECT_EQ(option(red, OptionCode::ConfigFile), to_hex(as_bytes("forced")));
  const dhcp::Message other = site.ask(plain_message(MessageType::Discover));
  EXPECT_EQ(option(other, OptionCode::DomainName), to_hex(as_bytes("plain.example")));
}

TEST(AddressServer, GivesARomItsMenuAndItsLease) {
  Site site(std::string(kPool) + std::string(kBiosService));
  dhcp::Message message = discover();
  const dhcp::Message offer = site.ask(message);
  EXPECT_EQ(offer.header.yiaddr, kHashed);
  EXPECT_EQ(option(offer, OptionCode::VendorClass), to_hex(as_bytes("PXEClient")));
  EXPECT_THAT(vendor_block(offer), testing::StartsWith("0601030a0400505845080780"));
}

TEST(AddressServer, GivesARomItsFileAsAnOption) {
  Site site(std::string(kPool) + "dhcp-boot=pxelinux.0,boothost,192.168.77.9\n");
  const dhcp::Message offer = site.ask(discover());
  EXPECT_EQ(option(offer, OptionCode::BootFileName), to_hex(as_bytes("pxelinux.0")) + "00");
  EXPECT_EQ(option(offer, OptionCode::TftpServerName), to_hex(as_bytes("boothost")) + "00");
  EXPECT_EQ(offer.header.siaddr, Ipv4Address::of(192, 168, 77, 9));
  EXPECT_EQ(option(offer, OptionCode::VendorClass), "-");

  Site no_override(std::string(kPool) + "dhcp-no-override\ndhcp-boot=pxelinux.0\n");
  EXPECT_EQ(no_override.ask(discover()).header.file_text(), "pxelinux.0");
}

// dnsmasq sends it so to who asks for 67; and dies when it should go into the header.
TEST(AddressServer, SendsAFileOptionWithoutAValueEmpty) {
  Site site(std::string(kPool) + "dhcp-option=67\n");
  dhcp::Message message = plain_message(MessageType::Discover);
  EXPECT_EQ(site.ask(message).header.file_text(), "");
  message.find(OptionCode::ParameterRequestList)->value.push_back(67);
  EXPECT_EQ(option(site.ask(message), OptionCode::BootFileName), "");
  Site quoted(std::string(kPool) + "dhcp-option=67,\"\"\n");
  EXPECT_EQ(option(quoted.ask(message), OptionCode::BootFileName), "00");
}

// OpenStack Neutron names the TFTP server of a port so, in a dhcp-optsfile.
TEST(AddressServer, TakesTheNextServerFromItsOptionWithoutABootLine) {
  const std::string line = "dhcp-option=option:server-ip-address,192.168.77.4,192.168.77.5\n";
  Site site(std::string(kPool) + line + "dhcp-option=67,a.file\n");
  const dhcp::Message offer = site.ask(discover());
  EXPECT_EQ(offer.header.siaddr, Ipv4Address::of(192, 168, 77, 4));
  EXPECT_EQ(option(offer, OptionCode::BootFileName), to_hex(as_bytes("a.file")) + "00");

  Site tagged(std::string(kPool) + "dhcp-mac=set:red,02:00:00:*:*:*\n" +
              "dhcp-option-force=tag:red,255,192.168.77.6\n");
  EXPECT_EQ(tagged.ask(plain_message(MessageType::Discover, mac(1))).header.siaddr,
            Ipv4Address::of(192, 168, 77, 6));
  EXPECT_EQ(tagged.ask(plain_message(MessageType::Discover)).header.siaddr,
            Ipv4Address::of(192, 168, 77, 1));

  Site with_boot(std::string(kPool) + line + "dhcp-boot=b.file\n");
  EXPECT_EQ(with_boot.ask(discover()).header.siaddr, Ipv4Address::of(192, 168, 77, 1));
}

// The usual way to keep all addresses of a site in /etc/hosts, and dnsmasq's answers to it.
TEST(AddressServer, TakesAddressesAndNamesFromHostsFiles) {
  const std::string pool =
      "no-ping\ndomain=lab.example\nno-hosts\n"
      "dhcp-range=192.168.77.100,192.168.77.200,12h\n";
  const std::string lines =
      "host-record=Lap,alias,192.168.77.90\nhost-record=other.example,192.168.77.91\n"
      "host-record=nas.lab.example,192.168.77.92\naddress=/printer/192.168.77.93\n"
      "dhcp-host=02:00:00:00:00:01,lap\ndhcp-host=02:00:00:00:00:02,192.168.77.91\n"
      "dhcp-host=02:00:00:00:00:03,192.168.77.92\ndhcp-host=02:00:00:00:00:04,printer\n"
      "dhcp-host=02:00:00:00:00:05,192.168.77.94\ndhcp-host=02:00:00:00:00:06,laptop\n"
      "host-record=laptop,192.168.77.94\n";
  const auto ask = [](Site& site, std::uint32_t number, Ipv4Address address) {
    const auto given = obtain(site, mac(number));
    const bool is_it = given == address;
    return is_it ? option(site.reply(), OptionCode::HostName) : "another address";
  };
  const auto name = [](std::string_view text) { return to_hex(as_bytes(text)); };
  Site site(pool + lines);
  EXPECT_EQ(ask(site, 1, Ipv4Address::of(192, 168, 77, 90)), name("lap"));
  EXPECT_EQ(ask(site, 2, Ipv4Address::of(192, 168, 77, 91)), "-");  // of another domain
  EXPECT_EQ(ask(site, 3, Ipv4Address::of(192, 168, 77, 92)), name("nas"));
  // A line for the name server alone, and an address that belongs to another line.
  EXPECT_GE(obtain(site, mac(4)), Ipv4Address::of(192, 168, 77, 100));
  EXPECT_EQ(ask(site, 5, Ipv4Address::of(192, 168, 77, 94)), name("laptop"));
  EXPECT_GE(obtain(site, mac(6)), Ipv4Address::of(192, 168, 77, 100));

  Site without("port=0\n" + pool + lines);
  EXPECT_GE(obtain(without, mac(1)), Ipv4Address::of(192, 168, 77, 100));
  EXPECT_EQ(ask(without, 3, Ipv4Address::of(192, 168, 77, 92)), "-");
}

// dnsmasq sends dhcp-boot's file and the user's option 67, and clients differ in which they take.
TEST(AddressServer, SendsEachOptionOnce) {
  Site site(std::string(kPool) +
            "dhcp-boot=pxelinux.0,boothost\ndhcp-option=67,other.0\ndhcp-option=66,otherhost\n");
  const dhcp::Message offer = site.ask(discover());
  std::vector<int> codes;
  for (const dhcp::Option& each : offer.options) codes.push_back(each.code);
  EXPECT_EQ(std::ranges::count(codes, 67), 1);
  EXPECT_EQ(std::ranges::count(codes, 66), 1);
  EXPECT_EQ(option(offer, OptionCode::BootFileName), to_hex(as_bytes("pxelinux.0")) + "00");
}

// RFC 2131 s.4.3.5; dnsmasq takes a missing option 55 for a wish for everything.
TEST(AddressServer, TellsAnInformNoLeaseTimeUnasked) {
  Site site(kPool);
  const Ipv4Address address = obtain(site, kMac).value();
  dhcp::Message inform = plain_message(MessageType::Inform);
  inform.header.ciaddr = address;
  const Route from_client{{address, 68}, {kServer, 67}, 1};
  EXPECT_NE(option(site.ask(inform, from_client), OptionCode::LeaseTime), "-");
  inform.remove(OptionCode::ParameterRequestList);
  EXPECT_EQ(option(site.ask(inform, from_client), OptionCode::LeaseTime), "-");
}

// D5: dnsmasq sends a UEFI ROM to 4011 and does not answer it there.
TEST(AddressServer, AnswersTheUefiRomThatItSentToTheBootServerPort) {
  const std::string lines = std::string(kPool) + std::string(kUefiService);
  Site site(lines);
  const dhcp::Message offer = site.ask(discover(7));
  EXPECT_EQ(option(offer, OptionCode::VendorClass), to_hex(as_bytes("PXEClient")));
  EXPECT_EQ(vendor_block(offer), "-");
  EXPECT_EQ(site.ask(boot_request(7), kToBootServer).header.file_text(), "grubx64.efi");
  Site as_dnsmasq(lines, {.pool_boot_server = Policy::PoolBootServer::Silent});
  EXPECT_EQ(as_dnsmasq.silence(boot_request(7), kToBootServer), Reason::RangeWithheld);
}

TEST(AddressServer, DoesNotPoseAsBootServerWithNothingToBoot) {
  Site site(std::string(kPool) + std::string(kBiosService));
  const dhcp::Message offer = site.ask(discover(11));
  EXPECT_EQ(option(offer, OptionCode::MessageType), "02");
  EXPECT_EQ(option(offer, OptionCode::VendorClass), "-");
  EXPECT_EQ(option(offer, OptionCode::ClientMachineIdentifier), "-");
  EXPECT_EQ(vendor_block(offer), "-");
}

dhcp::Message http_discover() {
  dhcp::Message message = discover(16);
  const ByteView vendor_class = as_bytes("HTTPClient:Arch:00016:UNDI:003001");
  message.find(OptionCode::VendorClass)->value = {vendor_class.begin(), vendor_class.end()};
  return message;
}

// Its lease said HTTPClient beside a file that it cannot fetch, or beside none.
TEST(AddressServer, TellsAnHttpClientAUrlOrNothing) {
  const std::string lines = std::string(kPool) +
                            "dhcp-pxe-vendor=PXEClient,HTTPClient\n"
                            "pxe-service=X86-64_EFI,\"U\",u.efi\n";
  const std::string url = "http://192.168.77.1/a.efi";
  const std::string sent = to_hex(as_bytes(url)) + "00";

  Site without(lines + "dhcp-boot=grubx64.efi\n");
  const dhcp::Message lease = without.ask(http_discover());
  EXPECT_EQ(lease.header.yiaddr, kHashed);
  EXPECT_EQ(option(lease, OptionCode::VendorClass), "-");
  EXPECT_EQ(vendor_block(lease), "-");

  for (const std::string& line :
       {"dhcp-boot=" + url, "dhcp-option=67," + url, "pxe-service=16,\"Web\"," + url}) {
    Site site(lines + line + "\n");
    const dhcp::Message offer = site.ask(http_discover());
    EXPECT_EQ(option(offer, OptionCode::VendorClass), to_hex(as_bytes("HTTPClient"))) << line;
    EXPECT_EQ(option(offer, OptionCode::BootFileName), sent) << line;
  }
}

TEST(AddressServer, ForgetsLeasesInTime) {
  Site site("port=0\nno-ping\ndhcp-range=192.168.77.100,192.168.77.100,2m\n");
  EXPECT_TRUE(obtain(site, mac(1)).has_value());
  EXPECT_EQ(site.server.poll_timeout(), kStart + 2min);
  site.server.on_timeout(kStart + 2min);
  EXPECT_TRUE(obtain(site, mac(2), kStart + 2min).has_value());
}

TEST(AddressServer, TakesUpLeasesOfAnEarlierRun) {
  Site site(kPool);
  const Ipv4Address address = Ipv4Address::of(192, 168, 77, 111);
  const ByteView hardware(kMac.octets);
  EXPECT_TRUE(site.server.restore(
      {.address = address,
       .client = {.hardware_type = 1, .hardware = as_text(hardware), .client_id = {}},
       .host_name = {},
       .expires = kStart + 1h}));
  EXPECT_EQ(site.ask(plain_message(MessageType::Discover)).header.yiaddr, address);
  LeaseChange change;
  EXPECT_FALSE(site.server.poll_lease_change(change));
}

}  // namespace
}  // namespace pxeproof::server
