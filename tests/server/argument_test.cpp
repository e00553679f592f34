#include "server/argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/directive_values.h"

namespace pxeproof::server {
namespace {

using testing::ElementsAre;

std::string text_of(std::string_view line) {
  const auto content = parse_line(line);
  if (!content) return "refused: " + content.error().what;
  return *content ? (*content)->text() : "nothing";
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> result;
  for (const Argument& field : parse_line(line).value().value().fields()) {
    result.push_back(field.text());
  }
  return result;
}

TEST(Argument, ResolvesQuotesAndTheirEscapes) {
  EXPECT_EQ(text_of(R"(a"b c"d)"), "ab cd");
  EXPECT_EQ(text_of(R"("\"\\\t\n\b\r\e\x")"), "\"\\\t\n\b\r\x1b\\x");
  EXPECT_EQ(text_of(R"(back\slash)"), R"(back\slash)") << "outside quotes it means itself";
  EXPECT_EQ(text_of(R"("Raspberry Pi Boot   ")"), "Raspberry Pi Boot   ");
  EXPECT_EQ(text_of(R"("# no comment" # comment)"), "# no comment");
}

TEST(Argument, FollowsDnsmasqInTheOddCorners) {
  EXPECT_EQ(text_of(R"("")"), "nothing");
  EXPECT_EQ(text_of(R"(""")"), "\"") << "behind a closing quote a quote is plain";
  EXPECT_EQ(text_of("\"\"\"\""), "refused: a quotation has no end");
  EXPECT_EQ(text_of(R"("open)"), "refused: a quotation has no end");
  EXPECT_EQ(text_of(R"("\)"), "refused: a quotation has no end");
  EXPECT_EQ(text_of("a#b #c"), "a#b");
  EXPECT_EQ(text_of("\t\v\f #"), "nothing");
  EXPECT_EQ(text_of(std::string_view("a\0b", 3)), "refused: the line holds a NUL octet");
}

TEST(Argument, DividesAtCommasOutsideQuotes) {
  EXPECT_THAT(fields_of(R"(a , "b , c" ,d,, e )"), ElementsAre("a", "b , c", "d", "", "e"));
  EXPECT_THAT(fields_of("alone"), ElementsAre("alone"));
  EXPECT_THAT(fields_of(","), ElementsAre("", ""));
}

TEST(Argument, ProtectsWhatStoodInQuotes) {
  const Argument quoted = parse_line(R"("192.168.1.1")").value().value();

  EXPECT_EQ(quoted.text(), "192.168.1.1");
  EXPECT_FALSE(parse_address(quoted.syntax()).has_value());
  EXPECT_TRUE(parse_line(R"("proxy")").value().value().is("proxy"));
  EXPECT_FALSE(parse_line(R"("static")").value().value().is("static"));
  EXPECT_FALSE(parse_line(R"("tag:x")").value().value().begins_with("tag:"));
}

TEST(Argument, DividesADirectiveAtTheFirstEqualsSign) {
  const DirectiveLine line = divide_directive(Argument::plain("dhcp-boot =  a=b"));
  EXPECT_EQ(line.name, "dhcp-boot");
  EXPECT_EQ(line.argument->text(), "a=b");

  EXPECT_FALSE(divide_directive(Argument::plain("log-dhcp")).argument.has_value());
  EXPECT_EQ(divide_directive(Argument::plain("port=")).argument->text(), "");
  EXPECT_EQ(divide_directive(*parse_line(R"("log-dhcp")").value()).name, R"("log-dhcp")");
  EXPECT_EQ(divide_directive(*parse_line(R"("port"=0)").value()).name, "port");
}

TEST(DirectiveValues, ReadDecimalNumbers) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal(""), 0U) << "as dnsmasq does";
  EXPECT_EQ(parse_decimal("4294967295"), 4294967295U);
  EXPECT_EQ(parse_decimal("4294967296"), std::nullopt);
  EXPECT_EQ(parse_decimal("256", 255), std::nullopt);
  EXPECT_EQ(parse_decimal("+5"), std::nullopt);
  EXPECT_EQ(parse_decimal("0x5"), std::nullopt);
  EXPECT_EQ(parse_decimal("5 "), std::nullopt);
}

TEST(DirectiveValues, ReadTimes) {
  EXPECT_EQ(parse_seconds("90"), 90U);
  EXPECT_EQ(parse_seconds("2m"), 120U);
  EXPECT_EQ(parse_seconds("12H"), 43200U);
  EXPECT_EQ(parse_seconds("1d"), 86400U);
  EXPECT_EQ(parse_seconds("2w"), 1209600U);
  EXPECT_EQ(parse_seconds("9999999w"), std::nullopt);
  EXPECT_EQ(parse_seconds("1h30m"), std::nullopt);
  EXPECT_EQ(parse_lease_time("30")->duration, std::chrono::seconds(120));
  EXPECT_TRUE(parse_lease_time("infinite")->infinite);
}

TEST(DirectiveValues, ReadOctetsWithWildcardsAndHardwareTypes) {
  const auto mac = parse_hex_octets("b8:27:EB:*:*:1", HardwareType::Allowed, 16);
  ASSERT_TRUE(mac.has_value());
  EXPECT_THAT(mac->octets, ElementsAre(0xb8, 0x27, 0xeb, 0, 0, 1));
  EXPECT_THAT(mac->wildcard, ElementsAre(false, false, false, true, true, false));
  EXPECT_FALSE(mac->hardware_type.has_value());

  const auto typed = parse_hex_octets("06-aabb:c", HardwareType::Allowed, 16);
  ASSERT_TRUE(typed.has_value());
  EXPECT_EQ(typed->hardware_type, 6);
  EXPECT_THAT(typed->octets, ElementsAre(0xaa, 0xbb, 0x0c));

  EXPECT_FALSE(parse_hex_octets("a*", HardwareType::Foreign, 16).has_value());
  EXPECT_FALSE(parse_hex_octets("xy", HardwareType::Foreign, 16).has_value());
  EXPECT_FALSE(parse_hex_octets("1:2:3", HardwareType::Foreign, 2).has_value());
}

TEST(DirectiveValues, ReadAddresses) {
  EXPECT_EQ(parse_address("10.0.0.1"), Ipv4Address::of(10, 0, 0, 1));
  for (const char* text : {"10.0.0", "10.0.0.01", "10.0.0.256", " 10.0.0.1", "10.0.0.1/8", ""}) {
    EXPECT_FALSE(parse_address(text).has_value()) << text;
  }
  for (const char* text : {"::", "::1", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_ipv6_address(text)) << text;
  }
  for (const char* text :
       {"", ":", "1::2::3", "1:2:3", "12345::", "1:2:3:4:5:6:7:8:9", "::g", "1:", "::10.0.0"}) {
    EXPECT_FALSE(is_ipv6_address(text)) << text;
  }
  EXPECT_TRUE(is_netmask(Ipv4Address::of(255, 255, 240, 0)));
  EXPECT_FALSE(is_netmask(Ipv4Address::of(255, 0, 255, 0)));
}

}  // namespace
}  // namespace pxeproof::server
