#include "firmware/option_template.h"

#include <gmock/gmock.h>

namespace pxeproof::firmware {
namespace {

using testing::HasSubstr;

const Variables kVariables{.mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}},
                           .guid = {},
                           .architecture = 7,
                           .server = Ipv4Address::of(10, 0, 0, 1),
                           .proxy = std::nullopt,
                           .your_address = std::nullopt,
                           .item_type = 0x8000,
                           .item_layer = 0};

Bytes value_of(std::string_view text) {
  const auto option = OptionTemplate::parse(text);
  EXPECT_TRUE(option.has_value()) << option.error();
  return option->expand(kVariables).value_or(Bytes{});
}

TEST(OptionTemplate, JoinsOctetsTextsAndVariables) {
  EXPECT_EQ(to_hex(value_of("61 01 {mac}")), "01525400123456");
  EXPECT_EQ(as_text(value_of("60 'PXEClient:Arch:' {arch.text} ':UNDI:003000'")),
            "PXEClient:Arch:00007:UNDI:003000");
  EXPECT_EQ(to_hex(value_of("43 4704 {item.type} {item.layer} ff")), "470480000000ff");
  EXPECT_EQ(to_hex(value_of("54 {server}")), "0a000001");
}

TEST(OptionTemplate, IsNotSentWhileAVariableHasNoValue) {
  EXPECT_FALSE(OptionTemplate::parse("54 {proxy}")->expand(kVariables).has_value());
}

TEST(OptionTemplate, AnEmptyValueIsAValue) {
  EXPECT_EQ(OptionTemplate::parse("80")->expand(kVariables), Bytes{});
}

TEST(OptionTemplate, KnowsThatARegisteredValueComesFirst) {
  EXPECT_TRUE(OptionTemplate::parse("77 {registered} 'iPXE'")->registered_first);
  EXPECT_FALSE(OptionTemplate::parse("77 'iPXE'")->registered_first);
}

TEST(OptionTemplate, SaysWhatIsWrong) {
  EXPECT_THAT(OptionTemplate::parse("").error(), HasSubstr("empty"));
  EXPECT_THAT(OptionTemplate::parse("256 00").error(), HasSubstr("option code"));
  EXPECT_THAT(OptionTemplate::parse("60 'PXEClient").error(), HasSubstr("not closed"));
  EXPECT_THAT(OptionTemplate::parse("60 {colour}").error(), HasSubstr("{colour}"));
  EXPECT_THAT(OptionTemplate::parse("60 0g").error(), HasSubstr("hexadecimal"));
}

}  // namespace
}  // namespace pxeproof::firmware
