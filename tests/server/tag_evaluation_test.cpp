#include <gtest/gtest.h>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::OptionCode;

// Whether the lines set the tag "hit" for a message: seen in the file that is offered.
bool sets_tag(std::string_view lines, const dhcp::Message& message) {
  Site site(std::string(kProxyRange) + "pxe-prompt=\"x\",0\ndhcp-boot=miss.0\n" +
            "dhcp-boot=tag:hit,hit.0\n" + std::string(lines));
  return site.ask(message).header.file_text() == "hit.0";
}

dhcp::Message with(OptionCode code, Bytes value) {
  dhcp::Message message = discover();
  message.add(code, value);
  return message;
}

Bytes octets(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}

TEST(TagEvaluation, SeesThatAnOptionIsThere) {
  EXPECT_TRUE(sets_tag("dhcp-match=set:hit,175\n", with(OptionCode::EtherBoot, {1, 1, 1})));
  EXPECT_FALSE(sets_tag("dhcp-match=set:hit,175\n", discover()));
}

TEST(TagEvaluation, ComparesNumbersWithEachElement) {
  dhcp::Message list = discover();
  list.find(OptionCode::ClientArchitecture)->value = {0, 9, 0, 7};
  EXPECT_TRUE(sets_tag("dhcp-match=set:hit,option:client-arch,7\n", list));
  EXPECT_TRUE(sets_tag("dhcp-match=set:hit,93,7\n", list));
  EXPECT_FALSE(sets_tag("dhcp-match=set:hit,option:client-arch,6\n", list));
}

TEST(TagEvaluation, AnchorsHexadecimalOctetsOnTheLeft) {
  const dhcp::Message message = with(OptionCode::EtherBoot, {1, 2, 3, 4});
  EXPECT_TRUE(sets_tag("dhcp-match=set:hit,175,01:*:03\n", message));
  EXPECT_FALSE(sets_tag("dhcp-match=set:hit,175,02:03\n", message));
}

TEST(TagEvaluation, FindsTextAnywhere) {
  EXPECT_TRUE(sets_tag("dhcp-match=set:hit,60,Arch:00000\n", discover()));
  EXPECT_TRUE(sets_tag("dhcp-vendorclass=set:hit,PXEClient:Arch:00000\n", discover()));
  EXPECT_FALSE(sets_tag("dhcp-vendorclass=set:hit,PXEClient:Arch:00007\n", discover()));
}

TEST(TagEvaluation, TakesAUserClassListOrABareText) {
  for (const std::string_view value : {std::string_view("iPXE"), std::string_view("\x04iPXE"),
                                       std::string_view("\x03gPX\x04iPXE")}) {
    EXPECT_TRUE(
        sets_tag("dhcp-userclass=set:hit,iPXE\n", with(OptionCode::UserClass, octets(value))));
  }
  // The length octet of the second class is no part of the first one's text.
  EXPECT_FALSE(sets_tag("dhcp-userclass=set:hit,gPX\x04iP\n",
                        with(OptionCode::UserClass, octets("\x03gPX\x04iPXE"))));
}

TEST(TagEvaluation, MatchesHardwareAddressesWithWildcards) {
  EXPECT_TRUE(sets_tag("dhcp-mac=set:hit,52:54:00:*:*:*\n", discover()));
  EXPECT_FALSE(sets_tag("dhcp-mac=set:hit,b8:27:eb:*:*:*\n", discover()));
}

TEST(TagEvaluation, MatchesTheRelaysCircuitWhole) {
  const dhcp::Message message =
      with(OptionCode::RelayAgentInformation, {1, 4, 'p', 'o', 'r', 't', 2, 2, 'r', 'r'});
  EXPECT_TRUE(sets_tag("dhcp-circuitid=set:hit,port\n", message));
  EXPECT_FALSE(sets_tag("dhcp-circuitid=set:hit,por\n", message));
  EXPECT_TRUE(sets_tag("dhcp-remoteid=set:hit,rr\n", message));
}

TEST(TagEvaluation, MatchesTheClientsNameWithoutCase) {
  const dhcp::Message message = with(OptionCode::HostName, octets("Pi-Kitchen"));
  EXPECT_TRUE(sets_tag("dhcp-name-match=set:hit,pi-kitchen\n", message));
  EXPECT_TRUE(sets_tag("dhcp-name-match=set:hit,PI-*\n", message));
  EXPECT_FALSE(sets_tag("dhcp-name-match=set:hit,pi\n", message));
}

TEST(TagEvaluation, ComparesTheNameWithItsDomain) {
  const auto fqdn = static_cast<OptionCode>(kClientFqdn);
  for (const dhcp::Message& message :
       {with(OptionCode::HostName, octets("wpad.lan")),
        with(OptionCode::HostName, octets("wpad.lan.")),
        with(fqdn, octets(std::string_view("\0\0\0wpad.lan", 11))),
        with(fqdn, octets(std::string_view("\4\0\0\4wpad\3lan\0", 13)))}) {
    EXPECT_TRUE(sets_tag("dhcp-name-match=set:hit,wpad.lan\n", message));
    EXPECT_TRUE(sets_tag("dhcp-name-match=set:hit,wpad*\n", message));
    EXPECT_FALSE(sets_tag("dhcp-name-match=set:hit,wpad\n", message));
  }
  EXPECT_FALSE(
      sets_tag("dhcp-name-match=set:hit,wp*\n", with(OptionCode::HostName, octets("wp ad"))));
}

TEST(TagEvaluation, ChainsTagIfsInFileOrder) {
  EXPECT_TRUE(sets_tag(
      "dhcp-vendorclass=set:a,PXEClient\ntag-if=set:b,tag:a\ntag-if=set:hit,tag:b\n", discover()));
  EXPECT_FALSE(sets_tag(
      "dhcp-vendorclass=set:a,PXEClient\ntag-if=set:hit,tag:b\ntag-if=set:b,tag:a\n", discover()));
  EXPECT_TRUE(sets_tag("tag-if=set:hit,tag:!a\n", discover()));
}

TEST(TagEvaluation, TakesAStarForAnyTail) {
  EXPECT_TRUE(
      sets_tag("dhcp-vendorclass=set:rom-bios,PXEClient\ntag-if=set:hit,tag:rom-*\n", discover()));
  EXPECT_FALSE(sets_tag("tag-if=set:hit,tag:rom-*\n", discover()));
}

// dnsmasq 2.90 takes it for a letter everywhere else.
TEST(TagEvaluation, TakesAStarForAnyTailInTagIfAlone) {
  Site site(std::string(kProxyRange) + std::string(kBiosService) +
            "dhcp-vendorclass=set:rom-bios,PXEClient\n"
            "dhcp-boot=bios.0\ndhcp-boot=tag:rom-*,star.0\ndhcp-ignore=tag:rom-*\n");
  EXPECT_EQ(site.ask(discover()).header.file_text(), "bios.0");
}

TEST(TagEvaluation, KnowsHostsThatAreWrittenDown) {
  EXPECT_TRUE(sets_tag("dhcp-host=52:54:00:12:34:56\ntag-if=set:hit,tag:known\n", discover()));
  EXPECT_TRUE(sets_tag("dhcp-host=52:54:00:12:34:56,set:hit\n", discover()));
  EXPECT_TRUE(sets_tag("dhcp-host=52:54:00:*:*:*,set:hit\n", discover()));
  EXPECT_FALSE(sets_tag("dhcp-host=52:54:00:12:34:57,set:hit\n", discover()));
  // A host of another network is known, but not here.
  EXPECT_TRUE(sets_tag("dhcp-host=52:54:00:12:34:56,10.0.0.5\ntag-if=set:hit,tag:known-othernet\n",
                       discover()));
}

}  // namespace
}  // namespace pxeproof::server
