#include "protocol/addresses.h"

#include <gtest/gtest.h>

namespace pxeproof {
namespace {

TEST(MacAddress, ReadsWhatItPrints) {
  const MacAddress mac{{0x52, 0x54, 0, 0x12, 0x34, 0xff}};
  EXPECT_EQ(to_string(mac), "52:54:00:12:34:ff");
  EXPECT_EQ(MacAddress::parse("52:54:00:12:34:ff"), mac);
  EXPECT_EQ(MacAddress::parse("52-54-00-12-34-FF"), mac);
}

TEST(MacAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:fff",
                           "5254:00:12:34:ff:", "52:54:00:12:34:0g", "52 54 00 12 34 ff"}) {
    EXPECT_EQ(MacAddress::parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(MacAddress::from(Bytes(5)), std::nullopt);
}

TEST(MacAddress, KnowsGroups) {
  EXPECT_TRUE(MacAddress::broadcast().is_group());
  EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_group());
  EXPECT_FALSE(MacAddress::parse("01:00:5e:00:00:01")->is_broadcast());
  EXPECT_FALSE(MacAddress::parse("52:54:00:12:34:56")->is_group());
}

TEST(Ipv4Address, ReadsWhatItPrints) {
  for (const char* text : {"0.0.0.0", "192.168.178.2", "255.255.255.255", "10.0.0.100"}) {
    const auto address = Ipv4Address::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
    EXPECT_EQ(Ipv4Address::from(address->octets()), address);
  }
}

TEST(Ipv4Address, RefusesWhatIsNone) {
  for (const char* text : {"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1",
                           "1..2.3", " 1.2.3.4", "1.2.3.4 ", "-1.2.3.4", "+1.2.3.4",
                           "1.2.3.99999999999999999999", "0x1.2.3.4", "01.2.3.4", "1.2.3.00"}) {
    EXPECT_EQ(Ipv4Address::parse(text), std::nullopt) << text;
  }
}

TEST(Subnet, KnowsItsMembersAndItsEnds) {
  const Subnet subnet{Ipv4Address::of(192, 168, 178, 2), Ipv4Address::of(255, 255, 255, 0)};
  EXPECT_TRUE(subnet.contains(Ipv4Address::of(192, 168, 178, 255)));
  EXPECT_FALSE(subnet.contains(Ipv4Address::of(192, 168, 179, 1)));
  EXPECT_EQ(subnet.network(), Ipv4Address::of(192, 168, 178, 0));
  EXPECT_EQ(subnet.broadcast(), Ipv4Address::of(192, 168, 178, 255));
}

TEST(Guid, ReadsWhatItPrintsInWireOrder) {
  const auto guid = Guid::parse("4c4c4544-0042-3510-8051-b4c04f4a3132");
  ASSERT_TRUE(guid);
  EXPECT_EQ(to_hex(guid->octets), "4c4c4544004235108051b4c04f4a3132");
  EXPECT_EQ(to_string(*guid), "4c4c4544-0042-3510-8051-b4c04f4a3132");
}

TEST(Guid, RefusesWhatIsNone) {
  for (const char* text :
       {"", "4c4c4544-0042-3510-8051-b4c04f4a313", "4c4c45440042-3510-8051-b4c04f4a3132",
        "4c4c4544-0042-3510-8051-b4c04f4a31 2", "4c4c4544:0042:3510:8051:b4c04f4a3132",
        "4c4c4544-0042-3510-8051-b4c04f4a31-2"}) {
    EXPECT_EQ(Guid::parse(text), std::nullopt) << text;
  }
}

TEST(Endpoint, PrintsAddressAndPort) {
  EXPECT_EQ(to_string(Endpoint{Ipv4Address::of(10, 0, 0, 1), 4011}), "10.0.0.1:4011");
}

}  // namespace
}  // namespace pxeproof
