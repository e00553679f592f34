#include "trace/dhcp_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/random.h"

namespace pxeproof::trace {
namespace {

using dhcp::OptionCode;
using testing::Contains;
using testing::Not;

dhcp::Message proxy_offer() {
  dhcp::Message message;
  message.header.op = dhcp::kBootReply;
  message.header.siaddr = Ipv4Address::of(10, 0, 0, 9);
  message.header.set_mac({{0x52, 0x54, 0, 0x12, 0x34, 0x56}});
  message.add_type(dhcp::MessageType::Offer);
  message.add_text(OptionCode::VendorClass, "PXEClient");
  pxe::VendorOptions vendor;
  vendor.add_control(pxe::kUseBootFile);
  vendor.add_prompt({.timeout_seconds = 5, .text = "Press F8"});
  vendor.add_menu({{.type = 0x8000, .text = "Network \x01"}});
  vendor.add_servers({{.type = 0x8000, .addresses = {Ipv4Address::of(10, 0, 0, 9)}}});
  message.add(OptionCode::VendorSpecific, pxe::encode(vendor));
  return message;
}

TEST(DhcpFields, NamesTheFieldsAndOptionsOfAMessage) {
  const auto fields = decode_dhcp_fields(dhcp::encode(proxy_offer()));
  EXPECT_THAT(fields, Contains(DhcpField{"siaddr", "", "10.0.0.9"}));
  EXPECT_THAT(fields, Contains(DhcpField{"53", "message-type", "OFFER"}));
  EXPECT_THAT(fields, Contains(DhcpField{"60", "vendor-class", "PXEClient"}));
  EXPECT_THAT(fields, Contains(DhcpField{"43.6", "discovery-control", "08"}));
  EXPECT_THAT(fields, Contains(DhcpField{"43.8", "boot-servers", "type 8000 at 10.0.0.9"}));
  EXPECT_THAT(fields, Contains(DhcpField{"43.9", "boot-menu", "8000 \"Network \\x01\""}));
  EXPECT_THAT(fields, Contains(DhcpField{"43.10", "menu-prompt", "5 s \"Press F8\""}));
  EXPECT_THAT(fields, Not(Contains(testing::Field(&DhcpField::key, "ciaddr"))));
}

TEST(DhcpFields, ShowsOptionsOfEachFormAsPeopleReadThem) {
  dhcp::Message message;
  message.add_u16(OptionCode::ClientArchitecture, 7);
  message.add_u32(OptionCode::LeaseTime, 3600);
  message.add(OptionCode::ParameterRequestList, Bytes{1, 3, 66});
  message.add(OptionCode::ClientIdentifier, Bytes{1, 0x52, 0x54, 0, 0x12, 0x34, 0x56});
  message.add(OptionCode::Router, Bytes{10, 0, 0, 1, 10, 0, 0, 2});
  message.add(std::uint8_t{224}, Bytes{0xab, 0xcd});
  const auto fields = decode_dhcp_fields(dhcp::encode(message));
  EXPECT_THAT(fields, Contains(DhcpField{"93", "client-arch", "arch 7 (UEFI x64)"}));
  EXPECT_THAT(fields, Contains(DhcpField{"51", "lease-time", "3600 s"}));
  EXPECT_THAT(fields, Contains(DhcpField{"55", "parameter-request", "1,3,66"}));
  EXPECT_THAT(fields, Contains(DhcpField{"61", "client-id", "Ethernet 52:54:00:12:34:56"}));
  EXPECT_THAT(fields, Contains(DhcpField{"3", "router", "10.0.0.1, 10.0.0.2"}));
  EXPECT_THAT(fields, Contains(DhcpField{"224", "", "ab cd"}));
}

TEST(DhcpFields, GivesWhatASnapLengthLeft) {
  const Bytes whole = dhcp::encode(proxy_offer());
  const auto fields = decode_dhcp_fields(ByteView(whole).first(whole.size() - 10));
  EXPECT_THAT(fields, Contains(DhcpField{"60", "vendor-class", "PXEClient"}));
  EXPECT_TRUE(decode_dhcp_fields(ByteView(whole).first(100)).empty());
}

TEST(DhcpFields, SurviveRandomOptions) {
  Random random(11);
  for (int round = 0; round < 2000; ++round) {
    dhcp::Message message = proxy_offer();
    for (int option = 0; option < 6; ++option) {
      Bytes value(random.below(20));
      random.fill(value);
      message.add(static_cast<std::uint8_t>(random.below(254) + 1), value);
    }
    for (const DhcpField& field : decode_dhcp_fields(dhcp::encode(message))) {
      EXPECT_EQ(field.value.find('\n'), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace pxeproof::trace
