#include "trace/anonymizer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/frames/build.h"
#include "protocol/random.h"
#include "protocol/tftp/packet.h"
#include "trace/pseudonyms.h"

namespace pxeproof::trace {
namespace {

using dhcp::OptionCode;

const MacAddress kClient{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
const MacAddress kServer{{0x00, 0x1b, 0x21, 0xaa, 0xbb, 0xcc}};
constexpr Ipv4Address kClientAddress = Ipv4Address::of(192, 168, 178, 157);  // C0A8B29D
constexpr Ipv4Address kServerAddress = Ipv4Address::of(192, 168, 178, 2);
const Guid kGuid = *Guid::parse("4c4c4544-0042-3510-8052-b4c04f4a3132");

Bytes frame(std::uint16_t source_port, std::uint16_t destination_port, ByteView payload) {
  return frames::build_udp({.destination_mac = kServer,
                            .source_mac = kClient,
                            .source = {kClientAddress, source_port},
                            .destination = {kServerAddress, destination_port}},
                           payload);
}

// Whether the octets of a name stand anywhere in a frame.
bool holds(ByteView octets, ByteView name) {
  return std::search(octets.begin(), octets.end(), name.begin(), name.end()) != octets.end();
}

bool names_anybody(ByteView octets) {
  for (const std::string_view text :
       {"52-54-00-12-34-56", "52:54:00:12:34:56", "192.168.178", "C0A8B2", "boss-pc", "secret"}) {
    if (holds(octets, as_bytes(text))) return true;
  }
  return holds(octets, kClient.octets) || holds(octets, kServer.octets) ||
         holds(octets, kClientAddress.octets()) || holds(octets, kServerAddress.octets()) ||
         holds(octets, kGuid.octets);
}

dhcp::Message message() {
  dhcp::Message message;
  message.header.op = dhcp::kBootReply;
  message.header.set_mac(kClient);
  message.header.yiaddr = kClientAddress;
  message.header.siaddr = kServerAddress;
  message.header.set_sname("boss-pc");
  message.header.set_file("tftp://boss-pc/01-52-54-00-12-34-56");
  message.add_type(dhcp::MessageType::Ack);
  message.add_address(OptionCode::ServerIdentifier, kServerAddress);
  message.add_text(OptionCode::HostName, "boss-pc");
  message.add_text(OptionCode::DomainName, "secret.example");
  message.add_text(OptionCode::TftpServerName, "192.168.178.2");
  message.add_text(OptionCode::BootFileName, "http://192.168.178.2/C0A8B29D");
  message.add(OptionCode::ClientMachineIdentifier, dhcp::encode_guid(kGuid));
  Bytes id{1};
  ByteWriter(id).bytes(kClient.octets);
  message.add(OptionCode::ClientIdentifier, id);
  message.add(OptionCode::RelayAgentInformation, as_bytes("\x01\x06secret"));
  message.add(std::uint8_t{230}, as_bytes("secret"));
  pxe::VendorOptions vendor;
  vendor.add_servers({{.type = 0x8000, .addresses = {kServerAddress}}});
  message.add(OptionCode::VendorSpecific, pxe::encode(vendor));
  return message;
}

TEST(Anonymizer, LeavesNoNameInADhcpMessage) {
  Anonymizer anonymizer(1);
  const Bytes original = frame(67, 68, dhcp::encode(message()));
  ASSERT_TRUE(names_anybody(original));

  const auto rewritten = anonymizer.rewrite(original);

  ASSERT_TRUE(rewritten);
  EXPECT_FALSE(names_anybody(rewritten->octets));
  EXPECT_EQ(rewritten->original_size, rewritten->octets.size());
  const auto udp = frames::inspect_udp(rewritten->octets);  // checksums and lengths, too
  ASSERT_TRUE(udp) << to_string(udp.error().fault);
  const auto read = dhcp::MessageView::parse(udp->payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type(), dhcp::MessageType::Ack);
  EXPECT_EQ(read->mac(), udp->ethernet.source);
  EXPECT_EQ(read->yiaddr(), udp->source.address);
  EXPECT_EQ(read->siaddr(), udp->destination.address);
  EXPECT_EQ(read->address(OptionCode::ServerIdentifier), udp->destination.address);
  EXPECT_EQ(read->text(OptionCode::HostName), read->sname_text());
  EXPECT_EQ(read->text(OptionCode::TftpServerName), to_string(udp->destination.address));
  const auto servers = pxe::decode_servers(pxe::decode(*read->joined(OptionCode::VendorSpecific))
                                               ->find(pxe::VendorTag::BootServers)
                                               ->value);
  ASSERT_TRUE(servers);
  EXPECT_EQ(servers->at(0).addresses.at(0), udp->destination.address);
  EXPECT_EQ(
      read->text(OptionCode::BootFileName),
      "http://" + to_string(udp->destination.address) + "/" + [&] {
        char text[9];
        std::snprintf(text, sizeof text, "%08X", udp->source.address.value);
        return std::string(text);
      }());
}

TEST(Anonymizer, RewritesTheNamesInArpAndKeepsWhoIsWho) {
  Anonymizer anonymizer(1);
  const auto datagram = anonymizer.rewrite(frame(2000, 69, as_bytes("x")));
  const auto rewritten = anonymizer.rewrite(frames::build_arp(
      {frames::kArpReply, kServer, kServerAddress, kClient, kClientAddress}, kClient));
  ASSERT_TRUE(rewritten && datagram);
  EXPECT_FALSE(names_anybody(rewritten->octets));
  const auto arp = frames::inspect_arp(rewritten->octets);
  const auto udp = see_packet(datagram->octets);
  ASSERT_TRUE(arp && udp);
  EXPECT_EQ(arp->sender_mac, udp->facts.link_destination);
  EXPECT_EQ(arp->sender_address, udp->destination.address);
  EXPECT_EQ(arp->target_mac, udp->facts.link_source);
}

TEST(Anonymizer, RewritesFileNamesAndLeavesContentOut) {
  Anonymizer anonymizer(1);
  const tftp::Request request{.filename = "pxelinux.cfg/01-52-54-00-12-34-56",
                              .options = {{"blksize", "1408"}}};
  const auto asked = anonymizer.rewrite(frame(2000, 69, tftp::encode(request)));
  ASSERT_TRUE(asked);
  EXPECT_FALSE(names_anybody(asked->octets));
  const auto udp = frames::inspect_udp(asked->octets);
  ASSERT_TRUE(udp);
  const auto decoded = tftp::decode(udp->payload);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<tftp::Request>(*decoded).filename, "pxelinux.cfg/01-52-54-00-00-00-01");
  EXPECT_EQ(to_string(udp->ethernet.source), "52:54:00:00:00:01");

  Bytes data{0, 3, 0, 1};
  ByteWriter(data).text("append root=secret");
  const Bytes original = frame(2000, 2001, data);
  const auto sent = anonymizer.rewrite(original);
  ASSERT_TRUE(sent);
  EXPECT_FALSE(names_anybody(sent->octets));
  EXPECT_EQ(sent->original_size, original.size());
  EXPECT_EQ(sent->octets.size(), 14U + 20 + 8 + 4);
  // With its content the datagram's checksum would be right.
  Bytes whole = sent->octets;
  ByteWriter(whole).text("append root=secret");
  EXPECT_TRUE(frames::inspect_udp(whole));
}

// dnsmasq's own words: "file /srv/pxelinux.cfg/C0A8B2 not found for 192.168.178.157".
TEST(Pseudonyms, RewriteAShortenedAddressInTheMiddleOfAText) {
  Pseudonyms names(5);
  const std::string address = to_string(names.of(kClientAddress));
  const std::string hex = fmt::format("{:08X}", names.of(kClientAddress).value);
  EXPECT_EQ(
      names.text("file /srv/pxelinux.cfg/C0A8B2 not found for 192.168.178.157", kClientAddress),
      fmt::format("file /srv/pxelinux.cfg/{} not found for {}", hex.substr(0, 6), address));
  EXPECT_EQ(names.text("no \"pxelinux.cfg/C0A8B29\"", kClientAddress),
            fmt::format("no \"pxelinux.cfg/{}\"", hex.substr(0, 7)));
  // A directory that happens to begin so is none.
  EXPECT_EQ(names.text("/C0/boot", kClientAddress), "/C0/boot");
}

// iPXE's ${mac:hexraw}, ${mac:hexhyp} and ${mac} in a URL, and Cisco's form.
TEST(Pseudonyms, FindAHardwareAddressHoweverItIsWritten) {
  Pseudonyms names(5);
  const std::string other = to_string(names.of(kClient));
  ASSERT_EQ(other, "52:54:00:00:00:01");
  EXPECT_EQ(names.text("menu/525400123456.ipxe", {}), "menu/525400000001.ipxe");
  EXPECT_EQ(names.text("boot/52%3A54%3a00:12", {}), "boot/52%3A54%3a00:12");
  EXPECT_EQ(names.text("boot?mac=52%3A54%3A00%3A12%3A34%3A56&x", {}),
            "boot?mac=52%3A54%3A00%3A00%3A00%3A01&1");
  EXPECT_EQ(names.text("5254.0012.3456/menu", {}), "5254.0000.0001/menu");
  EXPECT_EQ(names.text("x525400123456y", {}), "x525400000001y");
  EXPECT_EQ(names.text("a52:54:00:12:34:56", {}), "a52:54:00:00:00:01");
  EXPECT_EQ(names.text("01-AA-BB-CC-DD-EE-FF", {}), "01-AA-BB-CC-00-00-02");
  // Of scripts that make file names of it.
  EXPECT_EQ(names.text("boot/52_54_00_12_34_56.cfg", {}), "boot/52_54_00_00_00_01.cfg");
  EXPECT_EQ(names.text("01_aa_bb_cc_dd_ee_ff", {}), "01_aa_bb_cc_00_00_02");
  // A date is none, unless a machine has that very address.
  EXPECT_EQ(names.text("backup/202611270230", {}), "backup/202611270230");
}

TEST(Pseudonyms, FindAnAddressHoweverItIsWritten) {
  Pseudonyms names(5);
  const Ipv4Address other = names.of(kServerAddress);
  const std::string dots = to_string(other);
  std::string dashes = dots;
  std::ranges::replace(dashes, '.', '-');
  EXPECT_EQ(names.text("not on 192.168.178.2.", {}), "not on " + dots + ".");
  EXPECT_EQ(names.text("ip-192-168-178-2/menu", {}), "ip-" + dashes + "/menu");
  EXPECT_EQ(names.text("cfg/c0a8b202", {}), fmt::format("cfg/{:08x}", other.value));
  EXPECT_EQ(names.text("cfg/C0A8B202.img", {}), fmt::format("cfg/{:08X}.img", other.value));
  EXPECT_EQ(names.text("cfg/c0a8b2", kServerAddress),
            fmt::format("cfg/{:08x}", other.value).substr(0, 10));
  // Nobody's address: dates and versions stay.
  EXPECT_EQ(names.text("2026-11-27-1/20261127", {}), "2026-11-27-1/20261127");
  EXPECT_EQ(names.text("2026_11_27_1/5_10_0_21/0x20261127", {}),
            "2026_11_27_1/5_10_0_21/0x20261127");
}

// File names that scripts make of an address, all of one.
TEST(Pseudonyms, FindAnAddressInTheNamesOfScripts) {
  Pseudonyms names(5);
  const Ipv4Address other = names.of(kServerAddress);
  const std::string dots = to_string(other);
  std::string bars = dots;
  std::ranges::replace(bars, '.', '_');
  EXPECT_EQ(names.text("conf/192_168_178_2.cfg", {}), "conf/" + bars + ".cfg");
  EXPECT_EQ(names.text("conf/192_168_178_2_64", {}), "conf/" + bars + "_64");
  const std::string padded =
      fmt::format("{:03}.{:03}.{:03}.{:03}", other.value >> 24U, other.value >> 16U & 0xffU,
                  other.value >> 8U & 0xffU, other.value & 0xffU);
  EXPECT_EQ(names.text("192.168.178.002", {}), padded);
  EXPECT_EQ(names.text("0xC0A8B202", {}), fmt::format("0x{:08X}", other.value));
  EXPECT_EQ(names.text("cfg/0xc0a8b202.ipxe", {}), fmt::format("cfg/0x{:08x}.ipxe", other.value));
  EXPECT_EQ(names.text("0Xc0a8b202", kServerAddress), fmt::format("0X{:08x}", other.value));
}

// As makers of cards print it on them, and as switches of several makers do.
TEST(Pseudonyms, FindAHardwareAddressInGroups) {
  Pseudonyms names(5);
  ASSERT_EQ(to_string(names.of(*MacAddress::parse("3c:97:0e:12:ab:cd"))), "3c:97:0e:00:00:01");
  EXPECT_EQ(names.text("cfg/3c970e-12abcd.cfg", {}), "cfg/3c970e-000001.cfg");
  EXPECT_EQ(names.text("cfg/3C970E:12ABCD", {}), "cfg/3C970E:000001");
  EXPECT_EQ(names.text("cfg/3c97-0e12-abcd", {}), "cfg/3c97-0e00-0001");
  EXPECT_EQ(names.text("cfg/3c97.0e12.abcd", {}), "cfg/3c97.0e00.0001");
  EXPECT_EQ(names.text("card 3c 97 0e 12 ab cd.", {}), "card 3c 97 0e 00 00 01.");
  EXPECT_EQ(names.text("cfg/00163e-a1b2c3", {}), "cfg/00163e-000002");
  // A date and a time, and a row of numbers.
  EXPECT_EQ(names.text("backup/202611-270230", {}), "backup/202611-270230");
  EXPECT_EQ(names.text("row 10 20 30 40 50 60", {}), "row 10 20 30 40 50 60");
}

TEST(Pseudonyms, FindAnAddressAsOneNumber) {
  Pseudonyms names(5);
  const Ipv4Address other = names.of(kServerAddress);  // 3232281090
  const Ipv4Address low = names.of(Ipv4Address::of(10, 0, 0, 1));
  EXPECT_EQ(names.text("cfg/3232281090.cfg", {}), fmt::format("cfg/{}.cfg", other.value));
  EXPECT_EQ(names.text("cfg/0xa000001", {}), fmt::format("cfg/0x{:x}", low.value));
  EXPECT_EQ(names.text("cfg/3232281245", kClientAddress),
            fmt::format("cfg/{}", names.of(kClientAddress).value));
  EXPECT_EQ(names.text("cfg/3232281091", {}), "cfg/3232281091");
}

TEST(Pseudonyms, FindTheBeginningOfAnAddress) {
  Pseudonyms names(5);
  const std::string dots = to_string(names.of(kServerAddress));
  const std::string network = dots.substr(0, dots.rfind('.'));
  std::string dashes = network;
  std::ranges::replace(dashes, '.', '-');
  EXPECT_EQ(names.text("boot/192.168.178/menu", {}), "boot/" + network + "/menu");
  EXPECT_EQ(names.text("lan192-168-178.cfg", {}), "lan" + dashes + ".cfg");
  EXPECT_EQ(names.text("linux-5.10.0/192.168.17/x", {}), "linux-5.10.0/192.168.17/x");
}

// What a web server is told of the machine: serial numbers are of no machine but one.
TEST(Pseudonyms, ReplaceTheValuesOfAQuery) {
  Pseudonyms names(5);
  names.of(kClient);
  EXPECT_EQ(
      names.text("GET /boot.php?mac=52:54:00:12:34:56&serial=PC0XYZ12&uuid="
                 "4c4c4544-0042-3510-8052-b4c04f4a3132&hostname=payroll-3&arch=x86_64 HTTP/1.1",
                 {}),
      "GET /boot.php?mac=52:54:00:00:00:01&serial=xxxxxxx1&uuid=" + to_string(names.of(kGuid)) +
          "&hostname=xxxxxxxx1&arch=x86_64 HTTP/1.1");
  // The same everywhere.
  EXPECT_EQ(names.text("no such file: boot?serial=PC0XYZ12, sorry", {}),
            "no such file: boot?serial=xxxxxxx1, sorry");
  EXPECT_EQ(names.text("http://10.0.0.1/a?asset=55&serial=QQQQQQ12;x=${serial}&y", {}),
            "http://" + to_string(names.of(Ipv4Address::of(10, 0, 0, 1))) +
                "/a?asset=x1&serial=xxxxxxx2;x=${serial}&1");
  EXPECT_EQ(names.text("Which one? (5 s)", {}), "Which one? (5 s)");
  // Some servers end option 67 with a zero.
  EXPECT_EQ(names.text(std::string_view("boot?serial=PC0XYZ12\0", 21), {}),
            std::string_view("boot?serial=xxxxxxx1\0", 21));
}

// pxelinux writes the octets as they are sent, iPXE as the standard has them.
TEST(Pseudonyms, FindAGuidInBothOrdersAndWithoutDashes) {
  Pseudonyms names(5);
  const std::string other = to_string(names.of(kGuid));
  EXPECT_EQ(names.text("pxelinux.cfg/4c4c4544-0042-3510-8052-b4c04f4a3132", {}),
            "pxelinux.cfg/" + other);
  EXPECT_EQ(names.text("uuid/44454c4c-4200-1035-8052-b4c04f4a3132", {}),
            "uuid/00000000-0000-0000-0000-000000000001");
  EXPECT_EQ(names.text("4c4c4544004235108052b4c04f4a3132.cfg", {}),
            "00000000000000000000000000000001.cfg");
}

TEST(Pseudonyms, FindHostsWithoutRegardToCaseAndNotInOtherWords) {
  Pseudonyms names(5);
  const std::string pc = names.host("Boss-PC");
  const std::string mem = names.host("mem");
  EXPECT_EQ(names.host("boss-pc"), pc);
  EXPECT_EQ(names.text("menus/BOSS-PC.cfg", {}), "menus/" + pc + ".cfg");
  EXPECT_EQ(names.text("menus/xboss-pc2", {}), "menus/x" + pc + "2");
  EXPECT_EQ(names.text("memtest/mem", {}), "memtest/" + mem);
}

TEST(Pseudonyms, LeaveNoUserOfAUrl) {
  Pseudonyms names(5);
  EXPECT_EQ(names.text("http://joe:pass@boot.example.org:8080/a", {}), "http://user@host1:8080/a");
  EXPECT_EQ(names.text("ask joe.doe@10.0.0.1 now", {}),
            "ask user@" + to_string(names.of(Ipv4Address::of(10, 0, 0, 1))) + " now");
  EXPECT_EQ(names.text("http://[2001:db8::17]/a", {}), "http://host2/a");
}

// A directory that is named by a network stands in front of the option that tells the network.
TEST(Anonymizer, KnowsTheNetworkBeforeItReadsTheName) {
  dhcp::Message asked = message();
  asked.options.insert(asked.options.begin(), {67, {}});
  const std::string_view name = "10.77.3/menu?serial=PC0XYZ12";
  asked.options.front().value.assign(name.begin(), name.end());
  asked.add_address(OptionCode::Router, Ipv4Address::of(10, 77, 3, 1));
  Anonymizer anonymizer(1);
  const auto rewritten = anonymizer.rewrite(frame(67, 68, dhcp::encode(asked)));
  ASSERT_TRUE(rewritten);
  EXPECT_FALSE(holds(rewritten->octets, as_bytes("10.77.3/")));
  EXPECT_FALSE(holds(rewritten->octets, as_bytes("PC0XYZ12")));
  EXPECT_TRUE(holds(rewritten->octets, as_bytes("/menu?serial=")));
}

TEST(Anonymizer, LeavesNoNameInRareOptions) {
  dhcp::Message rare = message();
  // Before the option that tells the host's name.
  rare.options.insert(rare.options.begin(), {67, {}});
  const auto set = [](dhcp::Option& option, std::string_view text) {
    option.value.assign(text.begin(), text.end());
  };
  set(rare.options.front(), "menus/web07-ext/boss-pc.cfg");
  rare.add(std::uint8_t{81}, as_bytes(std::string_view("\0\0\0web07-ext.secret.example", 27)));
  rare.add_text(OptionCode::RootPath, "iscsi:secret-san.example::::iqn.2026-11.example.secret:1");
  rare.add_text(OptionCode::UserClass, "secret department");
  rare.add(std::uint8_t{175},
           as_bytes(std::string_view("\xbe\x06secret\xb1\x05\1\x1a\xf4\x10\0", 15)));
  // 192.168.178.0/24 by way of the server; and what a relay says of a port and of its network.
  const Bytes routes{24, 192, 168, 178, 192, 168, 178, 2};
  rare.add(std::uint8_t{121}, routes);
  std::erase_if(rare.options, [](const dhcp::Option& option) { return option.code == 82; });
  const Bytes relay{1, 6, 's', 'e', 'c', 'r', 'e', 't', 5, 4, 192, 168, 178, 2};
  rare.add(OptionCode::RelayAgentInformation, relay);
  pxe::VendorOptions vendor;
  vendor.add_menu({{.type = 0x8000, .text = "boss-pc at 192.168.178.2"}});
  vendor.add_prompt({.timeout_seconds = 3, .text = "Boot boss-pc"});
  vendor.sub_options.push_back({.tag = 200, .value = {'s', 'e', 'c', 'r', 'e', 't'}});
  rare.add(OptionCode::VendorSpecific, pxe::encode(vendor));
  Anonymizer anonymizer(1);

  const auto rewritten = anonymizer.rewrite(frame(67, 68, dhcp::encode(rare)));

  ASSERT_TRUE(rewritten);
  EXPECT_FALSE(names_anybody(rewritten->octets));
  EXPECT_FALSE(holds(rewritten->octets, as_bytes("web07")));
  const auto udp = frames::inspect_udp(rewritten->octets);
  ASSERT_TRUE(udp) << to_string(udp.error().fault);
  const auto read = dhcp::MessageView::parse(udp->payload);
  ASSERT_TRUE(read);
  const auto other = udp->destination.address.octets();
  const Bytes relayed{1, 6, 0, 0, 0, 0, 0, 0, 5, 4, other[0], other[1], other[2], other[3]};
  EXPECT_EQ(read->joined(OptionCode::RelayAgentInformation), relayed);
  // iPXE's own features stay, they tell which iPXE it is.
  EXPECT_TRUE(holds(rewritten->octets, as_bytes(std::string_view("\xb1\x05\1\x1a\xf4\x10\0", 7))));
}

// Intel's ROMs take the transaction identifier from the hardware address.
TEST(Anonymizer, LeavesNoHalfOfAnAddressInTheTransactionIdentifier) {
  Anonymizer anonymizer(1);
  dhcp::Message asked = message();
  asked.header.xid = 0x21123456;
  const auto rewritten = anonymizer.rewrite(frame(68, 67, dhcp::encode(asked)));
  ASSERT_TRUE(rewritten);
  const auto udp = frames::inspect_udp(rewritten->octets);
  ASSERT_TRUE(udp);
  EXPECT_EQ(dhcp::MessageView::parse(udp->payload)->xid(), 0x21000001U);
}

TEST(Anonymizer, KeepsVendorsPrefixesAndLastOctets) {
  Pseudonyms names(9);
  EXPECT_EQ(names.of(kServer).octets[2], 0x21);
  EXPECT_NE(names.of(kServer), kServer);
  Random random(4);
  for (int round = 0; round < 500; ++round) {
    const Ipv4Address one{static_cast<std::uint32_t>(random.between(0x0a000000, 0x0affffff))};
    const Ipv4Address other{one.value ^ (1U << random.below(24))};
    const std::uint32_t before = one.value ^ other.value;
    const std::uint32_t after = names.of(one).value ^ names.of(other).value;
    ASSERT_EQ(std::countl_zero(before), std::countl_zero(after));
    ASSERT_EQ(names.of(one).value & 0xffU, one.value & 0xffU);
    ASSERT_EQ(names.of(one), names.of(one));
  }
  EXPECT_EQ(names.of(Ipv4Address::broadcast()), Ipv4Address::broadcast());
  EXPECT_EQ(names.of(MacAddress::broadcast()), MacAddress::broadcast());
  EXPECT_EQ(names.of(Ipv4Address::of(239, 1, 2, 3)), Ipv4Address::of(239, 1, 2, 3));
}

TEST(Anonymizer, RewritesTheQuoteInIcmp) {
  Anonymizer anonymizer(1);
  const Bytes about = frame(2000, 69, as_bytes("secret"));
  const Bytes original = frames::build_port_unreachable({.destination_mac = kClient,
                                                         .source_mac = kServer,
                                                         .source = kServerAddress,
                                                         .destination = kClientAddress},
                                                        ByteView(about).subspan(14));
  const auto rewritten = anonymizer.rewrite(original);
  ASSERT_TRUE(rewritten);
  EXPECT_FALSE(names_anybody(rewritten->octets));
  const ByteView icmp = ByteView(rewritten->octets).subspan(34);
  EXPECT_EQ(frames::internet_checksum(icmp), 0);
}

// RFC 792: a redirect names a router in its head; an echo quotes nothing.
TEST(Anonymizer, LeavesNoRouterInARedirectAndNoContentInAnEcho) {
  const Bytes about = frame(2000, 69, as_bytes("secret"));
  Bytes original = frames::build_port_unreachable({.destination_mac = kClient,
                                                   .source_mac = kServer,
                                                   .source = kServerAddress,
                                                   .destination = kClientAddress},
                                                  ByteView(about).subspan(14));
  constexpr std::size_t kIcmp = 34;
  original[kIcmp] = 5;
  std::ranges::copy(kServerAddress.octets(), original.begin() + kIcmp + 4);
  Anonymizer anonymizer(1);
  const auto redirect = anonymizer.rewrite(original);
  ASSERT_TRUE(redirect);
  EXPECT_FALSE(names_anybody(redirect->octets));
  EXPECT_EQ(frames::internet_checksum(ByteView(redirect->octets).subspan(kIcmp)), 0);
  original[kIcmp] = 8;
  const auto echo = anonymizer.rewrite(original);
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->octets.size(), kIcmp + 8);
}

// Whatever is in the frame, cut anywhere: no name of the original comes out.
TEST(Anonymizer, LeavesNoNameInDamagedFrames) {
  Random random(8);
  const Bytes whole = frame(67, 68, dhcp::encode(message()));
  for (int round = 0; round < 3000; ++round) {
    Bytes octets = whole;
    // Damage what stands behind the addresses, so that they stay known as names.
    for (int hit = 0; hit < 3; ++hit) {
      octets[42 + random.below(octets.size() - 42)] = static_cast<std::uint8_t>(random.next());
    }
    octets.resize(random.between(0, octets.size()));
    Anonymizer anonymizer(1);
    const auto rewritten = anonymizer.rewrite(octets);
    if (!rewritten) continue;
    ASSERT_LE(rewritten->octets.size(), rewritten->original_size);
    ASSERT_FALSE(holds(rewritten->octets, as_bytes("192.168.178"))) << round;
    ASSERT_FALSE(holds(rewritten->octets, kClientAddress.octets())) << round;
    ASSERT_FALSE(holds(rewritten->octets, kClient.octets)) << round;
    ASSERT_FALSE(holds(rewritten->octets, as_bytes("secret"))) << round;
  }
}

}  // namespace
}  // namespace pxeproof::trace
