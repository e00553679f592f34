#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

using dhcp::OptionCode;
using testing::IsEmpty;

std::string with(std::string_view base, std::string_view more) {
  return std::string(base) + std::string(more);
}

const std::string kBios = with(kProxyRange, kBiosService);
const std::string kBoth = kBios + std::string(kUefiService);

std::vector<int> option_codes(const dhcp::Message& message) {
  std::vector<int> codes;
  for (const dhcp::Option& each : message.options) codes.push_back(each.code);
  return codes;
}

TEST(ProxyDhcp, OffersTheMenuOfOneBiosService) {
  Site site(kBios);
  const dhcp::Message offer = site.ask(discover());

  EXPECT_EQ(option(offer, OptionCode::MessageType), "02");
  EXPECT_EQ(option(offer, OptionCode::ServerIdentifier), "c0a84d01");
  EXPECT_EQ(option(offer, OptionCode::VendorClass), to_hex(as_bytes("PXEClient")));
  EXPECT_EQ(vendor_block(offer), spaced("06 01 03 0a 04 00 50 58 45 08 07 80 00 01 c0 a8 4d 01 "
                                        "09 0c 80 00 09 42 6f 6f 74 20 42 49 4f 53 ff"));
  EXPECT_THAT(option_codes(offer), testing::ElementsAre(53, 54, 60, 97, 43));
  EXPECT_EQ(offer.header.siaddr, Ipv4Address{});
  EXPECT_EQ(offer.header.file_text(), "");
}

TEST(ProxyDhcp, NeverOffersAnAddressOrItsTimes) {
  Site site(kBoth + "dhcp-option=3,192.168.77.254\ndhcp-option-force=51,1000\n");
  const dhcp::Message offer = site.ask(discover());

  EXPECT_EQ(offer.header.yiaddr, Ipv4Address{});
  for (const int code : {1, 3, 6, 51, 58, 59}) {
    EXPECT_EQ(offer.find(static_cast<OptionCode>(code)), nullptr) << code;
  }
}

TEST(ProxyDhcp, ListsTheLocalDiskWithoutServer) {
  Site site(with(kProxyRange, "pxe-service=x86PC,\"One\",one\npxe-service=x86PC,\"Local\",0\n"));
  EXPECT_EQ(vendor_block(site.ask(discover())),
            spaced("06 01 03 0a 04 ff 50 58 45 08 07 80 00 01 c0 a8 4d 01 09 0e 80 00 03 4f 6e 65 "
                   "00 00 05 4c 6f 63 61 6c ff"));
}

TEST(ProxyDhcp, PutsThePromptBehindTheMenu) {
  Site site(with(kProxyRange,
                 "pxe-service=x86PC,\"One\",one\npxe-service=x86PC,\"Local\",0\n"
                 "pxe-prompt=\"Press F8 for menu.\",5\n"));
  EXPECT_EQ(vendor_block(site.ask(discover())),
            spaced("06 01 03 08 07 80 00 01 c0 a8 4d 01 09 0e 80 00 03 4f 6e 65 00 00 05 4c 6f 63 "
                   "61 6c 0a 13 05") +
                to_hex(as_bytes("Press F8 for menu.")) + "ff");
}

TEST(ProxyDhcp, HasNoServerListForTheLocalDiskAlone) {
  Site site(with(kProxyRange, "pxe-service=x86PC,\"Local\",0\n"));
  EXPECT_EQ(vendor_block(site.ask(discover())),
            spaced("06 01 03 0a 04 00 50 58 45 09 08 00 00 05 4c 6f 63 61 6c ff"));
}

TEST(ProxyDhcp, AllowsBroadcastForATypeWithoutServer) {
  Site site(with(kProxyRange, "pxe-service=x86PC,\"WDS\",1\n"));
  EXPECT_EQ(vendor_block(site.ask(discover())),
            spaced("06 01 02 0a 04 00 50 58 45 09 06 00 01 03 57 44 53 ff"));
}

TEST(ProxyDhcp, ListsTheServerOfANumericType) {
  Site site(with(kProxyRange,
                 "pxe-service=x86PC,\"WDS\",1,192.168.77.7\npxe-service=x86PC,\"Mine\",foo\n"));
  EXPECT_THAT(vendor_block(site.ask(discover())),
              testing::HasSubstr(spaced("08 0e 00 01 01 c0a84d07 80 00 01 c0a84d01")));
}

TEST(ProxyDhcp, ShowsTheUefiMenuOnTheBootServerPortOnly) {
  Site site(with(kProxyRange,
                 "pxe-service=X86-64_EFI,\"EFI one\",a.efi\n"
                 "pxe-service=X86-64_EFI,\"EFI two\",b.efi\n"));
  const dhcp::Message offer = site.ask(discover(7));
  EXPECT_EQ(offer.header.siaddr, kServer);
  EXPECT_EQ(vendor_block(offer), "-");
  EXPECT_EQ(vendor_block(site.ask(boot_request(7), kToBootServer)),
            spaced("06 01 03 0a 04 ff 50 58 45 08 0e 80 00 01 c0a84d01 80 01 01 c0a84d01 09 14 80 "
                   "00 07") +
                to_hex(as_bytes("EFI one")) + "800107" + to_hex(as_bytes("EFI two")) + "ff");
}

TEST(ProxyDhcp, HandsOutTheSingleUefiServiceWithoutMenu) {
  Site site(kBoth);
  const dhcp::Message ack = site.ask(boot_request(7), kToBootServer);
  EXPECT_EQ(option(ack, OptionCode::MessageType), "05");
  EXPECT_EQ(ack.header.siaddr, kServer);
  EXPECT_EQ(ack.header.sname_text(), "192.168.77.1");
  EXPECT_EQ(ack.header.file_text(), "grubx64.efi");
  EXPECT_EQ(ack.header.ciaddr, kClient);
  EXPECT_EQ(vendor_block(ack), "-");
}

TEST(ProxyDhcp, SaysUseThisFileWhenThereIsOnlyAFile) {
  Site site(with(kProxyRange, "pxe-prompt=\"x\",0\ndhcp-boot=pxelinux.0,,192.168.77.9\n"));
  const dhcp::Message offer = site.ask(discover());
  EXPECT_EQ(offer.header.siaddr, Ipv4Address::of(192, 168, 77, 9));
  EXPECT_EQ(offer.header.file_text(), "pxelinux.0");
  EXPECT_EQ(vendor_block(offer), spaced("06 01 08 0a 02 00 78 ff"));
}

TEST(ProxyDhcp, UsesTheLastBootLineWhoseTagsAreSet) {
  Site site(with(kProxyRange,
                 "pxe-prompt=\"x\",0\ndhcp-match=set:efi,option:client-arch,7\n"
                 "dhcp-boot=tag:efi,one.efi\ndhcp-boot=tag:efi,two.efi\n"
                 "dhcp-boot=first.0\ndhcp-boot=second.0\n"));
  EXPECT_EQ(site.ask(discover(7)).header.file_text(), "two.efi");
  EXPECT_EQ(site.ask(discover(0)).header.file_text(), "second.0");
}

TEST(ProxyDhcp, BroadcastsTheOfferWhateverTheFlagsAndTheSourcePort) {
  Site site(kBios);
  dhcp::Message message = discover();
  message.header.flags = 0;
  site.send(message, {.source = {{}, 1068}});
  ASSERT_EQ(site.replies.size(), 1U);
  EXPECT_EQ(to_string(site.replies[0].destination), "255.255.255.255:68");
  EXPECT_EQ(site.replies[0].addressing, LinkAddressing::Broadcast);
  EXPECT_EQ(site.replies[0].interface_index, 1U);
  EXPECT_EQ(site.replies[0].source.port, 67);
}

TEST(ProxyDhcp, SameAnswerEachTime) {
  Site site(kBios);
  site.send(discover());
  const Bytes first = site.replies.at(0).head;
  site.send(discover(), {}, kStart + 4s);
  EXPECT_EQ(site.replies.at(0).head, first);
}

TEST(ProxyDhcp, EchoesTheIdentifierOrNone) {
  Site site(kBios);
  EXPECT_EQ(option(site.ask(discover()), OptionCode::ClientMachineIdentifier),
            "000102030405060708090a0b0c0d0e0f10");
  dhcp::Message without = discover();
  without.remove(OptionCode::ClientMachineIdentifier);
  EXPECT_EQ(option(site.ask(without), OptionCode::ClientMachineIdentifier), "-");
}

// D8: dnsmasq leaves siaddr empty although its manual promises its own address.
TEST(ProxyDhcp, NamesItselfAsTheServerOfABootLineWithoutAddress) {
  Site site(kBios + "dhcp-boot=pxelinux.0\n");
  EXPECT_EQ(site.ask(discover()).header.siaddr, kServer);
  EXPECT_EQ(site.ask(boot_request(), kToBootServer).header.siaddr, kServer);

  Site as_dnsmasq(kBios + "dhcp-boot=pxelinux.0\n",
                  {.bios_boot_server = Policy::BootServerAddress::Unspecified});
  EXPECT_EQ(as_dnsmasq.ask(discover()).header.siaddr, Ipv4Address{});
}

// D9: dnsmasq says 0.0.0.0 for a name that it cannot look up.
TEST(ProxyDhcp, KnowsServerNamesWithoutNameService) {
  Site site(with(kProxyRange,
                 "host-record=tftp.example,192.168.77.44\n"
                 "pxe-service=X86-64_EFI,\"U\",u.efi,tftp.example\n"
                 "pxe-service=IA32_EFI,\"V\",v.efi,nowhere.example\n"));
  const dhcp::Message ack = site.ask(boot_request(7), kToBootServer);
  EXPECT_EQ(ack.header.siaddr, Ipv4Address::of(192, 168, 77, 44));
  EXPECT_EQ(ack.header.sname_text(), "tftp.example");
  EXPECT_EQ(site.silence(discover(6)), Reason::ServerNameUnknown);
}

TEST(ProxyDhcp, TakesTheFirstOfAServersAddressesWithoutRoundRobin) {
  const std::string lines =
      "host-record=tftp.example,192.168.77.45\nhost-record=tftp.example,192.168.77.46\n"
      "dhcp-boot=boot.0,,tftp.example\n";
  Site spread(with(kProxyRange, std::string(kBiosService) + lines));
  Site first(with(kProxyRange, std::string(kBiosService) + lines + "no-round-robin\n"));
  std::set<Ipv4Address> servers;
  for (std::uint8_t last = 0; last < 32; ++last) {
    dhcp::Message message = discover();
    message.header.set_mac({{2, 0, 0, 0, 0, last}});
    servers.insert(spread.ask(message).header.siaddr);
    EXPECT_EQ(first.ask(message).header.siaddr, Ipv4Address::of(192, 168, 77, 45));
  }
  EXPECT_EQ(servers.size(), 2U);
}

// D10: dnsmasq offers every PXE client a boot, with or without one to give.
TEST(ProxyDhcp, StaysSilentWhenThereIsNothingToBoot) {
  Site site(kBios);
  EXPECT_EQ(site.silence(discover(7)), Reason::NothingToBoot);
  EXPECT_EQ(site.silence(boot_request(7), kToBootServer), Reason::NothingToBoot);
  EXPECT_EQ(site.silence(discover(2)), Reason::NothingToBoot);
}

// D11: without this EDK2 goes to 4011 although it knows the file.
TEST(ProxyDhcp, TellsUefiToUseTheFileOfTheOffer) {
  Site site(kBios + "dhcp-boot=boot.efi\n");
  EXPECT_EQ(vendor_block(site.ask(discover(7))), spaced("06 01 08 0a 04 00 50 58 45 ff"));

  Site with_service(kBoth + "dhcp-boot=boot.efi\n");
  EXPECT_EQ(vendor_block(with_service.ask(discover(7))), "-");
}

// D12, D13: dnsmasq drops the whole menu, or tears it.
TEST(ProxyDhcp, LeavesOutMenuEntriesThatDoNotFit) {
  std::string lines(kProxyRange);
  for (int at = 0; at < 40; ++at) {
    lines += "pxe-service=x86PC,\"Entry " + std::to_string(100 + at) + " with thirty lettr\",file" +
             std::to_string(at) + "\n";
  }
  Site site(lines);
  dhcp::Message small = discover();
  small.remove(OptionCode::MaximumMessageSize);
  for (const dhcp::Message& message : {discover(), small}) {
    const dhcp::Message offer = site.ask(message);
    const auto block = pxe::decode(offer.find(OptionCode::VendorSpecific)->value);
    ASSERT_TRUE(block.has_value());
    EXPECT_TRUE(block->end);
    const auto menu = pxe::decode_menu(block->find(pxe::VendorTag::BootMenu)->value);
    const auto servers = pxe::decode_servers(block->find(pxe::VendorTag::BootServers)->value);
    ASSERT_TRUE(menu.has_value());
    ASSERT_TRUE(servers.has_value());
    EXPECT_GT(menu->size(), 4U);
    EXPECT_EQ(menu->size(), servers->size());
    EXPECT_EQ(site.events.back().left_out, 40 - menu->size());
    EXPECT_LE(site.replies[0].head.size(), 548U);
    EXPECT_EQ(offer.find(OptionCode::Overload), nullptr);
  }
}

// D14: dnsmasq sends the user's sub-option 6 behind its own.
TEST(ProxyDhcp, LetsTheUsersSubOptionTakeThePlaceOfItsOwn) {
  Site site(kBios + "dhcp-option=vendor:PXEClient,6,2b\ndhcp-option=vendor:PXEClient,1,0.0.0.0\n");
  EXPECT_EQ(vendor_block(site.ask(discover())),
            spaced("0a 04 00 50 58 45 08 07 80 00 01 c0a84d01 09 0c 80 00 09") +
                to_hex(as_bytes("Boot BIOS")) + spaced("01 04 00 00 00 00 06 01 02 ff"));
}

// D14: the line of FOG and LTSP took "use the file" away, and such a client booted locally.
TEST(ProxyDhcp, KeepsUseTheFileInTheUsersControlWhereThereIsNoMenu) {
  const std::string user = "dhcp-option=vendor:PXEClient,6,2b\n";
  Site site(kBios + user + "dhcp-boot=i386-efi/ipxe.efi,,192.168.77.49\n");
  const std::string with_file = spaced("0a 04 00 50 58 45 06 01 0a ff");
  EXPECT_EQ(vendor_block(site.ask(discover(6))), with_file);
  EXPECT_EQ(vendor_block(site.ask(boot_request(6), kToBootServer)), with_file);
  EXPECT_THAT(vendor_block(site.ask(discover())), testing::EndsWith(spaced("06 01 02 ff")));

  // A menu of the user's own is a menu.
  Site menu(kBios + user + "dhcp-option=vendor:PXEClient,9,80:01:01:61\ndhcp-boot=a.efi\n");
  EXPECT_THAT(vendor_block(menu.ask(boot_request(6), kToBootServer)),
              testing::EndsWith(spaced("09 04 80 01 01 61 06 01 02 ff")));
}

// D15: dnsmasq lists only itself.
TEST(ProxyDhcp, ListsTheConfiguredServerBehindItself) {
  const std::string lines = with(kProxyRange, "pxe-service=x86PC,\"B\",b,192.168.77.8\n");
  Site site(lines);
  EXPECT_THAT(vendor_block(site.ask(discover())),
              testing::HasSubstr(spaced("08 0b 80 00 02 c0a84d01 c0a84d08")));
  Site own_only(lines, {.server_list = Policy::ServerList::OwnOnly});
  EXPECT_THAT(vendor_block(own_only.ask(discover())),
              testing::HasSubstr(spaced("08 07 80 00 01 c0a84d01")));
}

// D16: dnsmasq loses the entry for the local disk.
TEST(ProxyDhcp, KeepsTheLocalDiskInAUefiMenu) {
  Site site(with(kProxyRange,
                 "pxe-service=X86-64_EFI,\"One\",a.efi\npxe-service=X86-64_EFI,\"Local\",0\n"));
  const dhcp::Message ack = site.ask(boot_request(7), kToBootServer);
  EXPECT_EQ(vendor_block(ack), spaced("06 01 03 0a 04 ff 50 58 45 08 07 80 00 01 c0a84d01 09 0e 80 "
                                      "00 03 4f 6e 65 00 00 05 4c 6f 63 61 6c ff"));
  EXPECT_EQ(ack.header.file_text(), "");
}

// D17: dnsmasq cuts a longer identifier and drops a shorter one.
TEST(ProxyDhcp, EchoesAnIdentifierOfIllegalLengthAsItIs) {
  Site site(kBios);
  for (const std::size_t size : {16U, 18U, 20U}) {
    dhcp::Message message = discover();
    const Bytes guid(size, 0x5a);
    message.find(OptionCode::ClientMachineIdentifier)->value = guid;
    EXPECT_EQ(option(site.ask(message), OptionCode::ClientMachineIdentifier), to_hex(guid));
  }
}

// D18: dnsmasq looks at the first element only.
TEST(ProxyDhcp, ServesTheFirstArchitectureOfTheListThatItHas) {
  Site site(kBoth);
  dhcp::Message message = boot_request(16);
  message.find(OptionCode::ClientArchitecture)->value = {0, 16, 0, 7};
  EXPECT_EQ(site.ask(message, kToBootServer).header.file_text(), "grubx64.efi");

  Site first_only(kBoth, {.architectures = Policy::Architectures::FirstOnly});
  EXPECT_EQ(first_only.silence(message, kToBootServer), Reason::NothingToBoot);
}

// RFC 4578 erratum 4624.
TEST(ProxyDhcp, TakesBothNumbersForX64Uefi) {
  Site site(kBoth);
  EXPECT_EQ(site.ask(boot_request(9), kToBootServer).header.file_text(), "grubx64.efi");
  EXPECT_EQ(site.ask(boot_request(7), kToBootServer).header.file_text(), "grubx64.efi");
  EXPECT_EQ(site.replies.size(), 1U);
}

// D19.
TEST(ProxyDhcp, LeavesARequestForAnotherServerAlone) {
  Site site(kBoth);
  dhcp::Message message = boot_request(7);
  message.add_address(OptionCode::ServerIdentifier, kServer);
  EXPECT_EQ(site.ask(message, kToBootServer).header.file_text(), "grubx64.efi");
  message.remove(OptionCode::ServerIdentifier);
  message.add_address(OptionCode::ServerIdentifier, Ipv4Address::of(192, 168, 77, 3));
  EXPECT_EQ(site.silence(message, kToBootServer), Reason::ForeignServerIdentifier);
}

// D20: RFC 2131 table 3.
TEST(ProxyDhcp, CopiesTheFlags) {
  Site site(kBios);
  for (const int flags : {0, 0x8000, 0xffff}) {
    dhcp::Message message = discover();
    message.header.flags = static_cast<std::uint16_t>(flags);
    EXPECT_EQ(site.ask(message).header.flags, flags);
  }
  Site forced(kBios, {.flags = Policy::Flags::ForceBroadcast});
  dhcp::Message message = discover();
  message.header.flags = 0;
  EXPECT_EQ(forced.ask(message).header.flags, 0x8000);
}

// D22: dnsmasq adds ".0" to UEFI files without a dot.
TEST(ProxyDhcp, TakesAUefiFileByItsName) {
  Site site(with(kProxyRange, "pxe-service=X86-64_EFI,\"U\",grubx64\n"));
  EXPECT_EQ(site.ask(boot_request(7), kToBootServer).header.file_text(), "grubx64");
}

// D23: dnsmasq takes the time modulo 256.
TEST(ProxyDhcp, SendsOnePromptOfSeveral) {
  Site site(with(kBios, "pxe-prompt=\"one\",1\npxe-prompt=\"two\",2\n"));
  const std::string block = vendor_block(site.ask(discover()));
  EXPECT_NE(block.find(spaced("0a 04 02") + to_hex(as_bytes("two"))), std::string::npos);
  EXPECT_EQ(block.find(to_hex(as_bytes("one"))), std::string::npos);
}

TEST(ProxyDhcp, TakesTheLongestFinitePromptForALongerOne) {
  Site site(kBios + "pxe-prompt=\"x\",300\n");
  EXPECT_THAT(vendor_block(site.ask(discover())), testing::EndsWith("0a02fe78ff"));
  Site for_ever(kBios + "pxe-prompt=\"x\"\n");
  EXPECT_THAT(vendor_block(for_ever.ask(discover())), testing::EndsWith("0a02ff78ff"));
}

// OFFER-19.
TEST(ProxyDhcp, PutsALongFileNameIntoItsOption) {
  for (const std::size_t size : {127U, 128U, 255U}) {
    const std::string file(size, 'd');
    Site site(with(kProxyRange, "pxe-prompt=\"x\",0\ndhcp-boot=" + file + "\n"));
    const dhcp::Message offer = site.ask(discover());
    EXPECT_EQ(offer.header.file_text(), size <= 127 ? file : "");
    EXPECT_EQ(option(offer, OptionCode::BootFileName), size <= 127 ? "-" : to_hex(as_bytes(file)));
  }
}

TEST(ProxyDhcp, OffersASecondStageItsScript) {
  Site site(with(kProxyRange,
                 "dhcp-userclass=set:ipxe,iPXE\n"
                 "pxe-service=tag:!ipxe,x86PC,\"B\",undionly.kpxe\n"
                 "dhcp-boot=tag:ipxe,http://192.168.77.1/boot.ipxe\n"));
  for (const Bytes& user_class : {Bytes{'i', 'P', 'X', 'E'}, Bytes{4, 'i', 'P', 'X', 'E'}}) {
    dhcp::Message message = discover();
    message.add(OptionCode::UserClass, user_class);
    const dhcp::Message offer = site.ask(message);
    EXPECT_EQ(offer.header.file_text(), "http://192.168.77.1/boot.ipxe");
    EXPECT_EQ(vendor_block(offer), spaced("06 01 08 0a 04 00 50 58 45 ff"));
  }
}

TEST(ProxyDhcp, OffersAnHttpClientItsUrlAtOnce) {
  const std::string lines = with(kProxyRange,
                                 "dhcp-pxe-vendor=PXEClient,HTTPClient\n"
                                 "pxe-service=16,\"Web\",http://192.168.77.1/boot.efi\n"
                                 "pxe-service=X86-64_EFI,\"U\",u.efi\n");
  Site site(lines);
  dhcp::Message message = discover(16);
  message.find(OptionCode::VendorClass)->value =
      Bytes{'H', 'T', 'T', 'P', 'C', 'l', 'i', 'e', 'n', 't', ':', 'A', 'r', 'c', 'h'};
  const dhcp::Message offer = site.ask(message);
  EXPECT_EQ(option(offer, OptionCode::VendorClass), to_hex(as_bytes("HTTPClient")));
  EXPECT_EQ(offer.header.file_text(), "http://192.168.77.1/boot.efi");
  EXPECT_EQ(vendor_block(offer), "-");

  Site without(kBoth);
  EXPECT_EQ(without.silence(message), Reason::ForeignVendorClass);
}

TEST(ProxyDhcp, OffersMulticastDiscoveryWhenAsked) {
  Site site(kBios, {.discovery_group = Ipv4Address::of(239, 1, 2, 3)});
  EXPECT_THAT(vendor_block(site.ask(discover())),
              testing::StartsWith(spaced("06 01 01 07 04 ef 01 02 03 0a 04")));
}

TEST(ProxyDhcp, CanZeroHopsAndSecs) {
  dhcp::Message message = discover();
  message.header.hops = 3;
  message.header.secs = 10;
  Site site(kBios);
  EXPECT_EQ(site.ask(message).header.hops, 3);
  Site zero(kBios, {.hops_and_secs = Policy::HopsAndSecs::Zero});
  EXPECT_EQ(zero.ask(message).header.hops, 0);
  EXPECT_EQ(zero.ask(message).header.secs, 0);
}

// vendor:PXEClient reached every class of dhcp-pxe-vendor, and of two classes that fit the first
// counted.
TEST(ProxyDhcp, KeepsTheVendorClassesApart) {
  Site site(std::string(kProxyRange) + std::string(kBiosService) +
            "dhcp-pxe-vendor=PXE,AAPLBSDPC,PXEClient:Arch\n"
            "dhcp-option=vendor:PXEClient,1,0.0.0.0\ndhcp-option=vendor:AAPLBSDPC,3,bb\n"
            "pxe-prompt=\"x\",0\n");
  const dhcp::Message rom = site.ask(discover());
  EXPECT_EQ(option(rom, dhcp::OptionCode::VendorClass), to_hex(as_bytes("PXEClient:Arch")));
  EXPECT_THAT(vendor_block(rom), ::testing::EndsWith(spaced("0a 02 00 78 01 04 00 00 00 00 ff")));
  dhcp::Message apple = discover();
  apple.find(dhcp::OptionCode::VendorClass)->value =
      Bytes{'A', 'A', 'P', 'L', 'B', 'S', 'D', 'P', 'C', '/', 'i', '3', '8', '6'};
  const std::string block = vendor_block(site.ask(apple));
  EXPECT_THAT(block, ::testing::EndsWith(spaced("0a 02 00 78 03 02 62 62 ff")));
}

}  // namespace
}  // namespace pxeproof::server
