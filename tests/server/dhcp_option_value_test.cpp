#include "server/dhcp_option_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/read_configuration.h"

namespace pxeproof::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DhcpOption option(const std::string& value) {
  const Configuration configuration = read("dhcp-option=" + value + "\n");
  if (configuration.options.empty()) return {};
  return configuration.options.front();
}

std::string octets(const std::string& value) { return to_hex(option(value).value); }

TEST(DhcpOption, EncodesAddresses) {
  EXPECT_EQ(octets("3,192.168.1.1"), "c0a80101");
  EXPECT_EQ(octets("option:dns-server,10.0.0.1, 10.0.0.2"), "0a0000010a000002");
  EXPECT_TRUE(option("3,0.0.0.0").value_is_addresses) << "0.0.0.0 means this server";
  EXPECT_EQ(octets("121,10.0.0.0/8,1.2.3.4"), "080a01020304");
  EXPECT_EQ(octets("121,0.0.0.0/0,1.2.3.4,10.1.2.128/25,1.2.3.4"), "0001020304190a01028001020304");
  EXPECT_FALSE(option("121,10.0.0.0/8,1.2.3.4").value_is_addresses);
  EXPECT_EQ(octets("120,1.2.3.4"), "0101020304");
}

TEST(DhcpOption, EncodesNumbersInTheSizeOfTheOption) {
  EXPECT_EQ(octets("23,64"), "40");
  EXPECT_EQ(octets("26,1400"), "0578");
  EXPECT_EQ(octets("26,7"), "0007");
  EXPECT_EQ(octets("2,-3600"), "fffff1f0");
  EXPECT_EQ(octets("224,5"), "05");
  EXPECT_EQ(octets("224,256"), "0100");
  EXPECT_EQ(octets("224,65536"), "00010000");
  EXPECT_EQ(octets("224,5s"), "0005");
  EXPECT_EQ(octets("224,5i"), "00000005");
  EXPECT_EQ(octets("vendor:PXEClient,6,2b"), "02");
  EXPECT_EQ(octets("encap:175,26,5"), "05") << "inside an encapsulation no size is known";
}

TEST(DhcpOption, EncodesOctetsTimesAndTexts) {
  EXPECT_EQ(octets("208,f1:00:74:7e"), "f100747e");
  EXPECT_EQ(octets("224,f1:0"), "f100");
  EXPECT_EQ(octets("224,123:1"), "120301");
  EXPECT_EQ(octets("225,b"), to_hex(as_bytes("b")));
  EXPECT_EQ(octets("58,12h"), "0000a8c0");
  EXPECT_EQ(octets("option:t2,30"), "0000001e");
  EXPECT_EQ(octets("209,configs/common"), to_hex(as_bytes("configs/common")));
  EXPECT_EQ(octets("66,192.168.1.5"), to_hex(as_bytes("192.168.1.5"))) << "a name by definition";
  EXPECT_EQ(octets("224,\"192.168.1.5\""), to_hex(as_bytes("192.168.1.5")));
  EXPECT_EQ(octets("17,/srv/nfs,ro"), to_hex(as_bytes("/srv/nfs,ro")));
  EXPECT_TRUE(option("17,/srv").value_is_text);
  EXPECT_EQ(octets("224,ff"), to_hex(as_bytes("ff"))) << "without ':' no list of octets";
  EXPECT_EQ(octets("60"), "");
  EXPECT_EQ(octets("224,"), "");
}

TEST(DhcpOption, EncodesSearchListsWithPointers) {
  // RFC 3397 s.2: the second name points to the tail of the first.
  EXPECT_EQ(octets("119,eng.apple.com,marketing.apple.com"),
            "03656e67"
            "056170706c65"
            "03636f6d"
            "00"
            "096d61726b6574696e67"
            "c004");
  EXPECT_EQ(octets("120,sip.example.org"),
            "00"
            "03736970"
            "076578616d706c65"
            "036f7267"
            "00");
  EXPECT_EQ(octets("119,a,a"), "016100c000");
}

TEST(DhcpOption, KnowsItsPlace) {
  const DhcpOption encapsulated = option("tag:a,lan,encap:175,1,1b");
  EXPECT_EQ(encapsulated.encapsulated_in, 175);
  EXPECT_EQ(encapsulated.conditions, (std::vector<TagCondition>{{"a", false}, {"lan", false}}));
  EXPECT_EQ(option("vi-encap:2,10,text").vendor_identifying, 2U);
  EXPECT_EQ(option("vendor:MSFT,2,1i").vendor_class, "MSFT");
  EXPECT_TRUE(read("dhcp-option-force=210,/x\n").options[0].force);
  EXPECT_EQ(option("option:server-ip-address,10.0.0.1").code, 255);
}

TEST(DhcpOption, IsRefusedWhenItCannotBeSent) {
  for (const char* value :
       {"3,foo", "3,1.2.3.4,5", "3,\"1.2.3.4\"", "42,", "foo", "option:hostname,x", "option:x,1",
        "300,1", "26,999999", "23,300", "224,99999999999", "encap:x,1,1b", "vi-encap:2",
        "121,10.0.0.0/33,1.2.3.4", "119,a..b", "58,soon", "tag:a", "224,1.2.3.4.5", "26,1,2"}) {
    EXPECT_FALSE(loads(std::string("dhcp-option=") + value)) << value;
  }
  EXPECT_FALSE(loads("dhcp-option=224," + std::string(256, 'x')));
  EXPECT_FALSE(loads("dhcp-option=encap:175,1," + std::string(254, 'x')));
  EXPECT_TRUE(loads("dhcp-option=224," + std::string(255, 'x')));
  EXPECT_THAT(errors_of("dhcp-option=option:hostname,x"), ElementsAre(HasSubstr("its number 12")));
}

TEST(DhcpOption, LeavesDhcpv6Alone) {
  EXPECT_THAT(read("dhcp-option=option6:dns-server,[fd00::1]\n").options, IsEmpty());
  EXPECT_THAT(read("dhcp-match=set:a,option6:61,7\n").tag_rules, IsEmpty());
}

}  // namespace
}  // namespace pxeproof::server
