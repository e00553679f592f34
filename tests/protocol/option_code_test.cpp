#include "protocol/dhcp/option_code.h"

#include <gtest/gtest.h>

namespace pxeproof::dhcp {
namespace {

TEST(OptionCode, NamesLeadBackToTheirCodes) {
  for (unsigned code = 0; code < 256; ++code) {
    const std::string_view name = option_name(static_cast<std::uint8_t>(code));
    if (name.empty()) continue;
    EXPECT_EQ(option_by_name(name), code) << name;
  }
  EXPECT_EQ(option_by_name("client-arch"), 93);
  EXPECT_EQ(option_by_name("no-such-option"), std::nullopt);
  EXPECT_EQ(option_by_name(""), std::nullopt);
}

TEST(MessageType, HasWords) {
  EXPECT_EQ(to_string(MessageType::Discover), "DISCOVER");
  EXPECT_EQ(to_string(static_cast<MessageType>(99)), "");
}

}  // namespace
}  // namespace pxeproof::dhcp
