#include "server/lease_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using Variables = std::vector<std::pair<std::string, std::string>>;

constexpr std::int64_t kToday = 1'800'000'000;
constexpr std::string_view kLines =
    "port=0\ndhcp-range=set:pool,192.168.77.50,192.168.77.99,2m\ndomain=lan.example\n"
    "dhcp-match=set:pc,60,PXE\ndhcp-script=/bin/hook\n";

// A server whose changes of leases become runs of the script.
struct Hooked {
  explicit Hooked(const std::string& more = {})
      : site(std::string(kLines) + more),
        script(configure(std::string(kLines) + more), [](Ipv4Address) { return "eth0"; }) {}

  std::vector<ScriptCall> calls(Instant now = kStart) {
    std::vector<ScriptCall> all;
    LeaseChange change;
    while (site.server.poll_lease_change(change)) {
      for (ScriptCall& call : script.calls_for({now, kToday * 1'000'000}, change)) {
        all.push_back(std::move(call));
      }
    }
    return all;
  }

  Ipv4Address lease(const std::string& name) {
    dhcp::Message discover = plain_message(dhcp::MessageType::Discover);
    const Ipv4Address offered = site.ask(discover).header.yiaddr;
    dhcp::Message request = selecting(offered);
    if (!name.empty()) request.add_text(dhcp::OptionCode::HostName, name);
    request.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00000");
    request.add(dhcp::OptionCode::UserClass, Bytes{4, 'i', 'P', 'X', 'E', 1, 'x'});
    request.add(dhcp::OptionCode::RelayAgentInformation, Bytes{1, 2, 'p', '1', 2, 1, 'r'});
    site.send(request);
    return offered;
  }

  Site site;
  LeaseScript script;
};

// What follows is what dnsmasq 2.90 was seen to run its script with.
TEST(LeaseScript, TellsOfANewLeaseWithAllThatIsKnown) {
  Hooked hooked;
  const Ipv4Address address = hooked.lease("pc1");
  const auto calls = hooked.calls();

  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(calls[0].arguments,
              ElementsAre("add", "52:54:00:12:34:56", to_string(address), "pc1"));
  EXPECT_THAT(calls[0].environment,
              IsSupersetOf(Variables{{"DNSMASQ_DOMAIN", "lan.example"},
                                     {"DNSMASQ_INTERFACE", "eth0"},
                                     {"DNSMASQ_LEASE_EXPIRES", std::to_string(kToday + 120)},
                                     {"DNSMASQ_TIME_REMAINING", "120"},
                                     {"DNSMASQ_SUPPLIED_HOSTNAME", "pc1"},
                                     {"DNSMASQ_VENDOR_CLASS", "PXEClient:Arch:00000"},
                                     {"DNSMASQ_USER_CLASS0", "iPXE"},
                                     {"DNSMASQ_USER_CLASS1", "x"},
                                     {"DNSMASQ_CIRCUIT_ID", "p1"},
                                     {"DNSMASQ_REMOTE_ID", "r"},
                                     {"DNSMASQ_REQUESTED_OPTIONS", "1,3,6,15,28,12,51,54,58,59"}}));
  EXPECT_THAT(calls[0].environment, Not(Contains(Pair("DNSMASQ_DATA_MISSING", "1"))));
}

TEST(LeaseScript, NamesEveryTagOfTheRequestAndItsRange) {
  Hooked hooked;
  hooked.lease("");
  const auto calls = hooked.calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(calls[0].arguments, SizeIs(3));
  std::string tags;
  for (const auto& [name, value] : calls[0].environment) {
    if (name == "DNSMASQ_TAGS") tags = " " + value + " ";
  }
  for (const char* tag : {" pc ", " pool ", " eth0 "}) {
    EXPECT_NE(tags.find(tag), std::string::npos) << tag << "in" << tags;
  }
}

TEST(LeaseScript, TellsOfALostNameBeforeTheNewOne) {
  Hooked hooked;
  hooked.lease("old");
  hooked.calls();
  hooked.lease("new");
  const auto calls = hooked.calls();

  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_THAT(calls[0].arguments, SizeIs(3));
  EXPECT_THAT(calls[0].environment, Contains(Pair("DNSMASQ_OLD_HOSTNAME", "old")));
  EXPECT_EQ(calls[1].arguments.front(), "old");
  EXPECT_EQ(calls[1].arguments.back(), "new");
}

TEST(LeaseScript, IsSilentAboutARenewalUnlessAsked) {
  for (const auto& [more, count] : {std::pair{"", 0U}, std::pair{"script-on-renewal\n", 1U}}) {
    Hooked hooked(more);
    const Ipv4Address address = hooked.lease("");
    hooked.calls();
    dhcp::Message renewal = plain_message(dhcp::MessageType::Request);
    renewal.header.ciaddr = address;
    hooked.site.send(renewal, {{address, 68}, {kServer, 67}, 1});
    EXPECT_THAT(hooked.calls(), SizeIs(count));
  }
}

TEST(LeaseScript, TellsOfTheEnd) {
  Hooked hooked;
  const Ipv4Address address = hooked.lease("pc1");
  hooked.calls();
  hooked.site.server.on_timeout(kStart + 120s);
  const auto calls = hooked.calls(kStart + 120s);

  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(calls[0].arguments,
              ElementsAre("del", "52:54:00:12:34:56", to_string(address), "pc1"));
}

// As dnsmasq 2.90: whatever ends a lease says nothing of its client.
TEST(LeaseScript, SaysThatACircumstanceIsMissingAtTheEndAndAtARenewal) {
  Hooked hooked("script-on-renewal\n");
  const Ipv4Address address = hooked.lease("pc1");
  hooked.calls();
  dhcp::Message renewal = plain_message(dhcp::MessageType::Request);
  renewal.header.ciaddr = address;
  hooked.site.send(renewal, {{address, 68}, {kServer, 67}, 1});
  auto calls = hooked.calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].arguments.back(), "pc1");  // the renewal named no host
  EXPECT_THAT(calls[0].environment, Contains(Pair("DNSMASQ_DATA_MISSING", "1")));
  EXPECT_THAT(calls[0].environment, Not(Contains(Pair("DNSMASQ_TAGS", ::testing::_))));

  dhcp::Message release = plain_message(dhcp::MessageType::Release);
  release.header.ciaddr = address;
  release.add_address(dhcp::OptionCode::ServerIdentifier, kServer);
  hooked.site.send(release, {{address, 68}, {kServer, 67}, 1});
  calls = hooked.calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].arguments.front(), "del");
  EXPECT_THAT(calls[0].environment, Contains(Pair("DNSMASQ_DATA_MISSING", "1")));
  EXPECT_THAT(calls[0].environment, Not(Contains(Pair("DNSMASQ_TIME_REMAINING", ::testing::_))));
}

TEST(LeaseScript, TellsOfTheIdentityOfAGateway) {
  Hooked hooked("dhcp-boot=tag:cpewan-id,cpe.img\n");
  const Bytes identity{0,   0,   0x0d, 0xe9, 15, 1,   6, '0', '0', 'D',
                       '0', '9', 'E',  2,    1,  'S', 3, 2,   'C', 'A'};
  dhcp::Message discover = plain_message(dhcp::MessageType::Discover);
  discover.add(std::uint8_t{125}, identity);
  const dhcp::Message offer = hooked.site.ask(discover);
  EXPECT_EQ(offer.header.file_text(), "cpe.img");
  dhcp::Message request = selecting(offer.header.yiaddr);
  request.add(std::uint8_t{125}, identity);
  hooked.site.send(request);
  const auto calls = hooked.calls();
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_THAT(calls[0].environment, IsSupersetOf(Variables{{"DNSMASQ_CPEWAN_OUI", "00D09E"},
                                                           {"DNSMASQ_CPEWAN_SERIAL", "S"},
                                                           {"DNSMASQ_CPEWAN_CLASS", "CA"}}));
  const auto tags = std::ranges::find(calls[0].environment, "DNSMASQ_TAGS",
                                      [](const auto& entry) { return entry.first; });
  ASSERT_NE(tags, calls[0].environment.end());
  EXPECT_THAT(tags->second, ::testing::EndsWith("cpewan-id eth0"));
}

TEST(LeaseScript, SaysWhatIsMissingOfAnEarlierRun) {
  Hooked hooked;
  const Lease lease{.address = kClient,
                    .client = {.hardware_type = 6, .hardware = "\x01\x02", .client_id = "\xff\x01"},
                    .host_name = "pc1",
                    .expires = std::nullopt};
  const ScriptCall known = hooked.script.call_for_known({kStart, 0}, lease);
  EXPECT_THAT(known.arguments, ElementsAre("old", "06-01:02", "192.168.77.50", "pc1"));
  EXPECT_THAT(known.environment, IsSupersetOf(Variables{{"DNSMASQ_CLIENT_ID", "ff:01"},
                                                        {"DNSMASQ_LEASE_EXPIRES", "0"},
                                                        {"DNSMASQ_DATA_MISSING", "1"}}));
  const ScriptCall expired = hooked.script.call_for_expired(lease, 1111);
  EXPECT_EQ(expired.arguments.front(), "del");
  EXPECT_THAT(expired.environment,
              ElementsAre(Pair("DNSMASQ_CLIENT_ID", "ff:01"), Pair("DNSMASQ_LEASE_EXPIRES", "1111"),
                          Pair("DNSMASQ_DATA_MISSING", "1")));
}

TEST(LeaseScript, CostsNothingWithoutAScript) {
  Site site("port=0\ndhcp-range=192.168.77.50,192.168.77.99,2m\n");
  site.send(selecting(site.ask(plain_message(dhcp::MessageType::Discover)).header.yiaddr));
  LeaseChange change;
  ASSERT_TRUE(site.server.poll_lease_change(change));
  EXPECT_EQ(change.circumstances, nullptr);
}

TEST(LeaseScript, TellsOfAFileThatWasSent) {
  const TftpFinished finished{.name = "f", .size = 3000, .path = "/srv/tftp/f"};
  EXPECT_THAT(LeaseScript::call_for(finished, kClient).arguments,
              ElementsAre("tftp", "3000", "192.168.77.50", "/srv/tftp/f"));
}

}  // namespace
}  // namespace pxeproof::server
