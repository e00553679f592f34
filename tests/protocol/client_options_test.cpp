#include "protocol/dhcp/client_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/message.h"
#include "tests/support/golden_packets.h"

namespace pxeproof::dhcp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

TEST(ClientOptions, ReadsWhatTheRomsSay) {
  const auto ipxe = MessageView::parse(golden::find(golden::dhcp_messages(), "ipxe-bios discover"));
  ASSERT_TRUE(ipxe);
  EXPECT_THAT(decode_architectures(*ipxe->first(OptionCode::ClientArchitecture)), ElementsAre(0));
  EXPECT_EQ(decode_interface(*ipxe->first(OptionCode::ClientInterface)),
            (ClientInterface{1, 2, 1}));
  EXPECT_EQ(to_string(*decode_guid(*ipxe->first(OptionCode::ClientMachineIdentifier))),
            "44454c4c-4200-1035-8051-b4c04f4a3132");
  EXPECT_THAT(decode_user_classes(*ipxe->first(OptionCode::UserClass)), ElementsAre("iPXE"));
  EXPECT_EQ(parse_vendor_class(ipxe->text(OptionCode::VendorClass)),
            (VendorClass{"PXEClient", 0, 2, 1}));
  const auto features = decode_encapsulated(*ipxe->first(OptionCode::EtherBoot));
  ASSERT_EQ(features.size(), 14U);
  EXPECT_EQ(features[0].code, 0xb1);
  EXPECT_EQ(to_hex(features[0].value), "011af41000");
  EXPECT_EQ(features[13].code, 0x12);
}

TEST(ClientOptions, ArchitectureListsMayBeLongOddOrEmpty) {
  EXPECT_THAT(decode_architectures(hex("00070000")), ElementsAre(7, 0));
  EXPECT_THAT(decode_architectures(hex("000700")), ElementsAre(7));
  EXPECT_THAT(decode_architectures(hex("00")), IsEmpty());
  EXPECT_THAT(decode_architectures({}), IsEmpty());
}

TEST(ClientOptions, ArchitecturesHaveNames) {
  EXPECT_EQ(describe_architecture(7), "arch 7 (UEFI x64)");
  EXPECT_EQ(describe_architecture(4711), "arch 4711");
  EXPECT_EQ(find_architecture_by_csa("x86-64_efi")->number, 7);
  EXPECT_EQ(find_architecture_by_csa("X86PC")->number, 0);
  EXPECT_EQ(find_architecture_by_csa(""), nullptr);
  EXPECT_EQ(find_architecture_by_csa("x86"), nullptr);
}

TEST(ClientOptions, InterfaceAndGuidHaveOneLength) {
  EXPECT_EQ(decode_interface(hex("0102")), std::nullopt);
  EXPECT_EQ(decode_interface(hex("01020304")), std::nullopt);
  EXPECT_EQ(decode_guid(Bytes(16)), std::nullopt);
  EXPECT_EQ(decode_guid(Bytes(18)), std::nullopt);
  const Bytes zero(17);
  ASSERT_TRUE(decode_guid(zero));
  EXPECT_TRUE(decode_guid(zero)->is_zero());
  EXPECT_EQ(encode_guid(*decode_guid(zero)), zero);
}

TEST(VendorClass, ReadsItsParts) {
  EXPECT_EQ(parse_vendor_class("PXEClient:Arch:00007:UNDI:003016"),
            (VendorClass{"PXEClient", 7, 3, 16}));
  EXPECT_EQ(parse_vendor_class("HTTPClient:Arch:00016:UNDI:003001"),
            (VendorClass{"HTTPClient", 16, 3, 1}));
}

TEST(VendorClass, TakesWhatIsThere) {
  const VendorClass bare{"PXEClient", std::nullopt, std::nullopt, std::nullopt};
  for (const char* text : {"PXEClient", "PXEClient:", "PXEClient:Arch", "PXEClient:Arch:",
                           "PXEClient:Arch:abc", "PXEClient:Arch:-0001", "PXEClient:Arch:65536",
                           "PXEClient:Arch:99999999999999999999", "PXEClient:UNDI:0020"}) {
    EXPECT_EQ(parse_vendor_class(text), bare) << text;
  }
  EXPECT_EQ(parse_vendor_class("").prefix, "");
  EXPECT_EQ(parse_vendor_class(":::").prefix, "");
}

TEST(UserClass, ReadsListsAndBareText) {
  EXPECT_THAT(decode_user_classes(hex("03616263 0164")), ElementsAre("abc", "d"));
  EXPECT_THAT(decode_user_classes(hex("69505845")), ElementsAre("iPXE"));
  EXPECT_THAT(decode_user_classes({}), IsEmpty());
  // RFC 3004 s.4: a class has at least one octet, so this is no list.
  EXPECT_THAT(decode_user_classes(hex("00")), ElementsAre(std::string(1, '\0')));
}

TEST(EncapsulatedOptions, LeavesOutWhatIsCut) {
  const Bytes relay = hex("0104deadbeef 0200 03");
  const auto options = decode_encapsulated(relay);
  ASSERT_EQ(options.size(), 2U);
  EXPECT_EQ(to_hex(options[0].value), "deadbeef");
  EXPECT_EQ(options[1].code, 2);
  EXPECT_THAT(decode_encapsulated(hex("0102ff")), IsEmpty());
  EXPECT_THAT(decode_encapsulated({}), IsEmpty());
}

}  // namespace
}  // namespace pxeproof::dhcp
