// `pxeproof serve DIRECTORY` in networks with and without other servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"
#include "tests/live/served_network.h"
#include "tests/live/served_program.h"
#include "tests/live/tftp_fetch.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
constexpr Ipv4Address kOther = Ipv4Address::of(192, 168, 77, 9);

// An address server at a client's end of the cable.
class ScriptedAddressServer {
 public:
  explicit ScriptedAddressServer(const std::string& interface) {
    auto port = PacketPort::open(interface);
    EXPECT_TRUE(port) << port.error().message;
    if (port) port_.emplace(std::move(*port));
  }

  // The xid of a DISCOVER that has come by.
  std::optional<std::uint32_t> take_discover() {
    for (;;) {
      const auto received = port_->receive();
      if (!received || received->empty()) return std::nullopt;
      for (const ByteView frame : *received) {
        const auto udp = frames::inspect_udp(frame);
        if (!udp || udp->destination.port != 67) continue;
        if (const auto message = dhcp::MessageView::parse(udp->payload)) return message->xid();
      }
    }
  }

  void offer(std::uint32_t xid) {
    dhcp::Message message;
    message.header.op = 2;
    message.header.xid = xid;
    message.header.yiaddr = Ipv4Address::of(192, 168, 77, 50);
    message.add_type(dhcp::MessageType::Offer);
    message.add_u32(dhcp::OptionCode::ServerIdentifier, kOther.value);
    port_->send(
        std::vector<Frame>{frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                              .source_mac = {{2, 0, 0, 0, 0, 9}},
                                              .source = {kOther, 67},
                                              .destination = {Ipv4Address::broadcast(), 68}},
                                             dhcp::encode(message))});
  }

 private:
  std::optional<PacketPort> port_;
};

constexpr MacAddress kClientMac{{2, 0, 0, 0, 0, 0x50}};  // WiredClient's
const Endpoint kClient{Ipv4Address::of(192, 168, 77, 50), 2070};

Frame datagram(std::uint16_t port, ByteView payload) {
  return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source_mac = kClientMac,
                            .source = kClient,
                            .destination = {kServer, port}},
                           payload);
}

// Fetches a file of one block at the end of the cable, from an address that nobody was told of.
void fetch_by_wire(const std::string& interface, const std::string& name) {
  auto port = PacketPort::open(interface);
  ASSERT_TRUE(port) << port.error().message;
  port->send(std::vector<Frame>{frames::build_arp({.operation = frames::kArpRequest,
                                                   .sender_mac = kClientMac,
                                                   .sender_address = kClient.address,
                                                   .target_mac = {},
                                                   .target_address = kServer},
                                                  MacAddress::broadcast())});
  Bytes request{0, 1};
  for (const std::string& word : {name, std::string("octet")}) {
    request.insert(request.end(), word.begin(), word.end());
    request.push_back(0);
  }
  port->send(std::vector<Frame>{datagram(tftp::kPort, request)});
  const Instant end = now() + 20s;
  while (now() < end) {
    const auto received = port->receive();
    ASSERT_TRUE(received);
    for (const ByteView frame : *received) {
      const auto udp = frames::inspect_udp(frame);
      if (!udp || udp->destination != kClient) continue;
      port->send(std::vector<Frame>{datagram(udp->source.port, Bytes{0, 4, 0, 1})});
      return;
    }
  }
  FAIL() << "no block came";
}

// The headers of an EFI application for x64.
std::string efi_program() {
  std::string image(512, '\0');
  image.replace(0, 2, "MZ");
  image[0x3c] = '\x80';
  image.replace(0x80, 6, std::string_view("PE\0\0\x64\x86", 6));
  image[0x80 + 24 + 68] = 10;
  return image;
}

class ServeDirectory : public ::testing::Test {
 protected:
  void SetUp() override { directory.write("tree/pxelinux.0", "\xeb\x58 PXELINUX 6.04 PXE "); }
  TestDirectory directory;
  std::string tree = directory / "tree";
};

// It served nobody while it looked, and did not wait for a server that pings before it offers.
TEST_F(ServeDirectory, ServesWhileItLooksForOtherServers) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    ScriptedAddressServer other("c0");
    ServedProgram server({tree});
    const auto asked = other.take_discover();
    ASSERT_TRUE(asked);
    EXPECT_EQ(WiredClient("c0").discover(), kServer);
    EXPECT_THAT(server.log, Not(HasSubstr("DHCP server seen")));
    other.offer(*asked);
    EXPECT_TRUE(
        server.wait_for("s0 192.168.77.1/24   DHCP server seen: 192.168.77.9 (leases)   "
                        "other proxy: none   serving: arch 0 pxelinux.0"))
        << server.log;
  });
}

TEST_F(ServeDirectory, SaysWhichNetworksOptionsLeaveOutAndAsksNothingThere) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    plug_in("s1", "c1", "192.168.78.1/24");
    ScriptedAddressServer elsewhere("c1");
    ServedProgram server({tree, "--interface=s0"});
    EXPECT_TRUE(server.wait_for("s1 192.168.78.1/24   not served (--interface)")) << server.log;
    EXPECT_TRUE(server.wait_for("s0 192.168.77.1/24   DHCP server seen: none in 5 s"))
        << server.log;
    EXPECT_FALSE(elsewhere.take_discover());
  });
}

// Any machine's file was that of the machine answered last.
TEST_F(ServeDirectory, KnowsTheMachineThatFetchesByItsHardwareAddress) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    const std::string report = directory / "report.json";
    ServedProgram server({tree, "--once", "--until", "nbp", "--json", report});
    EXPECT_EQ(WiredClient("c0").discover(), kServer);
    EXPECT_FALSE(fetch("pxelinux.0").empty());
    EXPECT_EQ(server.wait().shell_code(), 0) << server.log;
    std::ifstream other(report);
    EXPECT_FALSE(nlohmann::json::parse(other)["client"].contains("mac"));

    ServedProgram again({tree, "--once", "--until", "nbp", "--json", report});
    EXPECT_EQ(WiredClient("c0").discover(), kServer);
    fetch_by_wire("c0", "pxelinux.0");
    EXPECT_EQ(again.wait().shell_code(), 0) << again.log;
    std::ifstream own(report);
    const auto client = nlohmann::json::parse(own)["client"];
    EXPECT_EQ(client["mac"], to_string(kClientMac));
    EXPECT_EQ(client["steps"][0], "offer");
    EXPECT_EQ(client["architecture"], 0);
  });
}

TEST_F(ServeDirectory, TakesNoOtherFileForABootProgram) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    directory.write("tree/readme.txt", "text");
    ServedProgram server({tree, "--once", "--until", "nbp", "--timeout", "2"});
    EXPECT_EQ(fetch("readme.txt"), "text");
    EXPECT_TRUE(server.wait_for("readme.txt 4 B in")) << server.log;
    EXPECT_EQ(server.wait().shell_code(), 1) << server.log;
  });
}

TEST_F(ServeDirectory, SaysAfterAReloadWhatIsServedNow) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    ServedProgram server({tree});
    directory.write("tree/loader.efi", efi_program());
    directory.write("tree/other", efi_program());
    const std::string closed = directory.write("tree/closed.efi", efi_program());
    chmod(closed.c_str(), 0600);
    server.send_signal(SIGHUP);
    EXPECT_TRUE(server.wait_for("tree/closed.efi: warning: not everybody may read it (mode 0600)"))
        << server.log;
    EXPECT_TRUE(
        server.wait_for("s0 192.168.77.1/24   serving: arch 0 pxelinux.0, arch 7+9 "
                        "loader.efi   not served: arch 6, 11"))
        << server.log;
  });
}

// lint spoke of lines that nobody had written; what options add is somebody's.
TEST_F(ServeDirectory, WarnsOnlyOfLinesThatSomebodyWrote) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    directory.write("tree/undionly.kpxe", "ipxe");
    directory.write("tree/vmlinuz", efi_program());
    directory.write("tree/boot.ipxe", "#!ipxe\n");
    ServedProgram server({tree, "--dhcp-boot=tag:never,other.0"});
    EXPECT_THAT(server.log,
                AllOf(Not(HasSubstr("serve " + tree + ":")), HasSubstr("command line: warning: ")));
  });
}

// Nobody corrected "none in 5 s".
TEST_F(ServeDirectory, SaysWhichAddressServerCameLater) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    ServedProgram server({tree});
    ASSERT_TRUE(server.wait_for("DHCP server seen: none in 5 s")) << server.log;
    dhcp::Message request;
    request.header.set_mac(kClientMac);
    request.add_type(dhcp::MessageType::Request);
    request.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00000:UNDI:002001");
    request.add_u16(dhcp::OptionCode::ClientArchitecture, 0);
    request.add_u32(dhcp::OptionCode::ServerIdentifier, kOther.value);
    auto port = PacketPort::open("c0");
    ASSERT_TRUE(port) << port.error().message;
    for (int times = 0; times < 2; ++times) {
      port->send(
          std::vector<Frame>{frames::build_udp({.destination_mac = MacAddress::broadcast(),
                                                .source_mac = kClientMac,
                                                .source = {{}, 68},
                                                .destination = {Ipv4Address::broadcast(), 67}},
                                               dhcp::encode(request))});
    }
    EXPECT_TRUE(server.wait_for(
        "s0 192.168.77.1/24   DHCP server seen: 192.168.77.9 (leases)   other proxy: none\n"))
        << server.log;
    server.send_signal(SIGTERM);
    EXPECT_TRUE(server.wait().is_success());
    server.hear();
    EXPECT_EQ(server.log.find("192.168.77.9"), server.log.rfind("192.168.77.9")) << server.log;
  });
}

// Only a signal made it look again.
TEST_F(ServeDirectory, OffersWhatComesAndNotWhatGoes) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    directory.write("tree/big", std::string(3000, 'x'));
    ServedProgram server({tree});
    TftpFetch slow("big");
    const std::string line = "s0 192.168.77.1/24   serving: ";
    directory.write("tree/grubx64.efi", efi_program());
    EXPECT_TRUE(server.wait_for(line + "arch 0 pxelinux.0, arch 7+9 grubx64.efi")) << server.log;
    std::filesystem::create_directories(directory / "tree/new");
    const std::string closed = directory.write("tree/new/shimx64.efi", efi_program());
    EXPECT_TRUE(server.wait_for(line + "arch 0 pxelinux.0, arch 7+9 new/shimx64.efi"))
        << server.log;
    chmod(closed.c_str(), 0);
    EXPECT_TRUE(server.wait_for(line + "arch 0 pxelinux.0, arch 7+9 grubx64.efi")) << server.log;
    std::filesystem::remove(directory / "tree/pxelinux.0");
    std::filesystem::create_symlink("grubx64.efi", directory / "tree/bootx64.efi");
    EXPECT_TRUE(server.wait_for(line + "arch 7+9 bootx64.efi")) << server.log;
    EXPECT_EQ(slow.finish(), std::string(3000, 'x')) << slow.error;
    directory.write("tree/readme", "nothing to boot");
    directory.write("tree/last.kpxe", "program");
    EXPECT_TRUE(server.wait_for(line + "arch 0 last.kpxe")) << server.log;
  });
}

// It ended with exit code 2.
TEST_F(ServeDirectory, WaitsForAFirstProgram) {
  in_private_network([this] {
    plug_in("s0", "c0", "192.168.77.1/24");
    std::filesystem::remove(directory / "tree/pxelinux.0");
    ServedProgram server({tree});
    EXPECT_THAT(server.log, HasSubstr("warning: no program in it that a firmware could start: "
                                      "there is no file at all; add pxelinux.0"));
    directory.write("tree/pxelinux.0", "\xeb\x58 PXELINUX 6.04 PXE ");
    EXPECT_TRUE(server.wait_for("s0 192.168.77.1/24   serving: arch 0 pxelinux.0")) << server.log;
    EXPECT_EQ(WiredClient("c0").discover(), kServer);
    std::filesystem::remove(directory / "tree/pxelinux.0");
    EXPECT_TRUE(server.wait_for("serving: no boot program yet")) << server.log;
  });
}

}  // namespace
}  // namespace pxeproof::live
