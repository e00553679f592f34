#include "cli/explain_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "tests/cli/run_pxeproof.h"
#include "trace/capture_file.h"

namespace pxeproof::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 9}};
constexpr Ipv4Address kOwn = Ipv4Address::of(192, 168, 77, 1);
const std::string kPool = "port=0\ndhcp-range=192.168.77.100,192.168.77.200,12h\n";
const std::string kProxy = "port=0\ndhcp-range=192.168.77.0,proxy\n";

dhcp::Message message(dhcp::MessageType type) {
  dhcp::Message result;
  result.header.set_mac(kMac);
  result.add_type(type);
  return result;
}

dhcp::Message pxe_message(dhcp::MessageType type, std::uint16_t architecture) {
  dhcp::Message result = message(type);
  result.add_text(dhcp::OptionCode::VendorClass,
                  "PXEClient:Arch:0000" + std::to_string(architecture) + ":UNDI:003016");
  result.add_u16(dhcp::OptionCode::ClientArchitecture, architecture);
  return result;
}

PacketExplanation explain(const dhcp::Message& sent, const std::string& configuration) {
  const pxeproof::testing::ScratchDirectory scratch;
  const std::string capture = scratch.path("one.pcap");
  {
    auto writer = trace::PcapWriter::create(capture);
    EXPECT_TRUE(writer);
    writer->write(1s, frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                         .source_mac = kMac,
                                         .source = {{}, 68},
                                         .destination = {Ipv4Address::of(255, 255, 255, 255), 67}},
                                        dhcp::encode(sent)));
  }
  const auto result = explain_packet(
      capture,
      {.file = scratch.write("boot.conf", configuration), .directives = {}, .directory = {}});
  EXPECT_TRUE(result);
  return result ? *result : PacketExplanation{};
}

// The client says which server it means; each of these was "for another server".
TEST(ExplainPacket, IsTheServerThatOption54Names) {
  dhcp::Message request = message(dhcp::MessageType::Request);
  request.add_address(dhcp::OptionCode::ServerIdentifier, kOwn);
  request.add_address(dhcp::OptionCode::RequestedAddress, Ipv4Address::of(192, 168, 77, 142));
  const PacketExplanation explained = explain(request, kPool);
  EXPECT_EQ(explained.fate, PacketExplanation::Fate::Answered) << explained.text;
  EXPECT_THAT(explained.text, AllOf(HasSubstr("heard by eth0 192.168.77.1\n"),
                                    Not(HasSubstr("foreign-server-selected"))));
}

TEST(ExplainPacket, KnowsItsOwnAddressFromListenAddress) {
  dhcp::Message request = message(dhcp::MessageType::Request);
  request.add_address(dhcp::OptionCode::ServerIdentifier, kOwn);
  request.add_address(dhcp::OptionCode::RequestedAddress, Ipv4Address::of(192, 168, 77, 142));
  EXPECT_THAT(explain(request, kPool + "listen-address=192.168.77.5\n").text,
              AllOf(HasSubstr("heard by eth0 192.168.77.5\n"), HasSubstr("foreign-server")));
}

// It stood at an address of the machine that explains, whose networks the packet never saw.
TEST(ExplainPacket, StandsWhereTheClientWroteTo) {
  const pxeproof::testing::ScratchDirectory scratch;
  scratch.write("tree/pxelinux.0", "\xeb\x58 PXELINUX 6.04 PXE ");
  const Ipv4Address elsewhere = Ipv4Address::of(10, 99, 98, 1);
  const auto explain_sent = [&](std::uint16_t port, const Bytes& payload,
                                const ConfigurationOrigin& origin) {
    const std::string capture = scratch.path("one.pcap");
    {
      auto writer = trace::PcapWriter::create(capture);
      EXPECT_TRUE(writer);
      writer->write(1s, frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                           .source_mac = kMac,
                                           .source = {Ipv4Address::of(10, 99, 98, 50), 2070},
                                           .destination = {elsewhere, port}},
                                          payload));
    }
    const auto explained = explain_packet(capture, origin);
    return explained ? explained->text : explained.error().message;
  };
  const Bytes rrq{0,   1,   'p', 'x', 'e', 'l', 'i', 'n', 'u', 'x',
                  '.', '0', 0,   'o', 'c', 't', 'e', 't', 0};
  dhcp::Message request = pxe_message(dhcp::MessageType::Request, 0);
  request.header.ciaddr = Ipv4Address::of(10, 99, 98, 50);
  const ConfigurationOrigin directory{
      .file = {}, .directives = {}, .directory = scratch.path("tree")};
  EXPECT_THAT(explain_sent(69, rrq, directory), HasSubstr("heard by eth0 10.99.98.1\n"));
  EXPECT_THAT(explain_sent(4011, dhcp::encode(request), directory),
              AllOf(HasSubstr("heard by eth0 10.99.98.1\n"), HasSubstr("reply: ")));
  const std::string file =
      scratch.write("tftp.conf", "port=0\nenable-tftp\ntftp-root=" + scratch.path("tree") + "\n");
  EXPECT_THAT(explain_sent(69, rrq, {.file = file, .directives = {}, .directory = {}}),
              HasSubstr("heard by eth0 10.99.98.1\n"));
}

// It stood at the address of the other server, and listed its own items there.
TEST(ExplainPacket, IsNoneOfTheServersOfItsServices) {
  const dhcp::Message discover = pxe_message(dhcp::MessageType::Discover, 0);
  for (const std::string line :
       {"pxe-service=x86PC,\"WDS\",1,192.168.77.2", "pxe-service=x86PC,\"A\",grub.0,192.168.77.2",
        "pxe-prompt=x,0\ndhcp-boot=a.0,there,192.168.77.2"}) {
    EXPECT_THAT(explain(discover, kProxy + line + "\n").text,
                AllOf(HasSubstr("heard by eth0 192.168.77.3 (imagined"), HasSubstr("c0a84d03\n")))
        << line;
  }
}

// "lines" named those of the architecture's own number and a dhcp-boot that was not used.
TEST(ExplainPacket, NamesTheLinesThatTheDecisionUses) {
  const std::string text = kProxy +
                           "pxe-service=x86-64_EFI,\"E\",grub.efi\npxe-service=x86PC,\"B\",b.0\n"
                           "dhcp-boot=foo\n";
  EXPECT_THAT(explain(pxe_message(dhcp::MessageType::Discover, 9), text).text,
              AllOf(HasSubstr("pxe-service \"E\" grub.efi"), Not(HasSubstr("dhcp-boot foo"))));
  EXPECT_THAT(explain(pxe_message(dhcp::MessageType::Discover, 0), text).text,
              AllOf(HasSubstr("pxe-service \"B\" b.0"), HasSubstr("dhcp-boot foo")));
}

}  // namespace
}  // namespace pxeproof::cli
