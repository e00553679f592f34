#include "trace/boot_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using State = BootRecorder::State;

constexpr Instant kStart{1000s};
const MacAddress kClient{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
const MacAddress kOther{{0x52, 0x54, 0, 0, 0, 0x99}};
constexpr Ipv4Address kAddress = Ipv4Address::of(10, 0, 0, 57);
constexpr Ipv4Address kServer = Ipv4Address::of(10, 0, 0, 1);

// Frames of a network with one server.
class Wire {
 public:
  explicit Wire(const BootRecorder::Options& options) : recorder(options) {}

  void show(const Bytes& frame) {
    recorder.on_frame(now, LinkType::Ethernet, frame, frame.size());
    while (auto taken = recorder.poll_recorded()) recorded.push_back(std::move(*taken));
    now += 1ms;
  }
  void dhcp(dhcp::MessageType type, const MacAddress& mac, std::string_view vendor_class) {
    dhcp::Message message;
    const bool from_client =
        type == dhcp::MessageType::Discover || type == dhcp::MessageType::Request;
    message.header.op = from_client ? dhcp::kBootRequest : dhcp::kBootReply;
    message.header.set_mac(mac);
    message.header.xid = 7;
    if (!from_client) message.header.yiaddr = kAddress;
    message.add_type(type);
    if (!vendor_class.empty()) {
      message.add_text(dhcp::OptionCode::VendorClass, vendor_class);
    }
    message.add_address(dhcp::OptionCode::ServerIdentifier, kServer);
    const Endpoint client{{}, 68};
    const Endpoint server{kServer, 67};
    show(frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source_mac = from_client ? mac : kOther,
                            .source = from_client ? client : server,
                            .destination = from_client ? Endpoint{Ipv4Address::broadcast(), 67}
                                                       : Endpoint{Ipv4Address::broadcast(), 68}},
                           dhcp::encode(message)));
  }
  void lease(const MacAddress& mac = kClient) {
    for (const auto type : {dhcp::MessageType::Discover, dhcp::MessageType::Offer,
                            dhcp::MessageType::Request, dhcp::MessageType::Ack}) {
      dhcp(type, mac, type == dhcp::MessageType::Discover ? "PXEClient:Arch:00000" : "");
    }
  }
  void udp(Endpoint source, Endpoint destination, const Bytes& payload) {
    const bool from_client = source.address == kAddress;
    show(frames::build_udp({.destination_mac = from_client ? kOther : kClient,
                            .source_mac = from_client ? kClient : kOther,
                            .source = source,
                            .destination = destination},
                           payload));
  }
  // A file of one block.
  void file(const std::string& name) {
    const Endpoint client{kAddress, 2070};
    const Endpoint server{kServer, 40001};
    udp(client, {kServer, 69}, tftp::encode(tftp::Request{.filename = name}));
    Bytes data{0, 3, 0, 1};
    data.resize(104, 'x');
    udp(server, client, data);
    udp(client, server, {0, 4, 0, 1});
  }

  BootRecorder recorder;
  Instant now = kStart;
  std::vector<BootRecorder::Recorded> recorded;
};

// iPXE and UEFI wait for a router before they go on over IPv4: `profile learn` needs to see it.
TEST(BootRecorder, KeepsTheSearchForAnIpv6Router) {
  Wire wire({.machine = kClient});
  const auto icmp6 = [](const MacAddress& from, const MacAddress& to, std::uint8_t type) {
    Bytes frame(14 + 40 + 8);
    std::copy(to.octets.begin(), to.octets.end(), frame.begin());
    std::copy(from.octets.begin(), from.octets.end(), frame.begin() + 6);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    frame[14] = 0x60;
    frame[20] = 58;
    frame[54] = type;
    return frame;
  };
  const MacAddress everybody{{0x33, 0x33, 0, 0, 0, 1}};
  wire.lease();
  const std::size_t before = wire.recorded.size();
  wire.show(icmp6(kClient, everybody, 133));
  wire.show(icmp6(kOther, everybody, 134));
  EXPECT_EQ(wire.recorded.size(), before + 2);
  wire.show(icmp6(kOther, everybody, 135));  // a neighbour's question
  EXPECT_EQ(wire.recorded.size(), before + 2);
}

TEST(BootRecorder, FollowsTftpToPortsNobodyKnew) {
  Wire wire({});
  wire.lease();
  wire.udp({kServer, 5000}, {kAddress, 5001}, {1, 2, 3});  // nothing of the boot
  wire.file("memtest");
  EXPECT_EQ(wire.recorded.size(), 4U + 3U);
  EXPECT_EQ(wire.recorder.judge(wire.now), State::Booting);
  EXPECT_EQ(wire.recorder.judge(wire.now + 11s), State::Booted);
}

TEST(BootRecorder, WritesNothingUntilAMachineIsSwitchedOn) {
  Wire wire({});
  wire.dhcp(dhcp::MessageType::Request, kOther, "");  // a laptop renews its lease
  EXPECT_TRUE(wire.recorded.empty());
  EXPECT_EQ(wire.recorder.judge(wire.now), State::Waiting);
  wire.lease();
  // What had just happened stands before it.
  ASSERT_EQ(wire.recorded.size(), 5U);
  EXPECT_THAT(wire.recorded[1].comment, testing::HasSubstr("network boot of 52:54:00:12:34:56"));
}

TEST(BootRecorder, BoundsTheRing) {
  Wire wire({.ring_frames = 3});
  for (int renewal = 0; renewal < 10; ++renewal) {
    wire.dhcp(dhcp::MessageType::Request, kOther, "");
  }
  wire.lease();
  EXPECT_EQ(wire.recorded.size(), 3U + 4U);

  Wire slow({.ring_age = 2s});
  slow.dhcp(dhcp::MessageType::Request, kOther, "");
  slow.now += 5s;
  slow.dhcp(dhcp::MessageType::Request, kOther, "");
  slow.lease();
  EXPECT_EQ(slow.recorded.size(), 1U + 4U);
}

TEST(BootRecorder, RecordsOnlyTheMachineItWasTold) {
  Wire wire({.machine = kClient});
  wire.dhcp(dhcp::MessageType::Discover, kOther, "PXEClient");
  wire.lease();
  wire.dhcp(dhcp::MessageType::Discover, kOther, "PXEClient");
  wire.file("memtest");
  EXPECT_EQ(wire.recorded.size(), 4U + 3U);
}

TEST(BootRecorder, CallsASilentMachineStalled) {
  Wire wire({});
  for (int tries = 0; tries < 4; ++tries) {
    wire.dhcp(dhcp::MessageType::Discover, kClient, "PXEClient");
    wire.now += 4s;
  }
  EXPECT_EQ(wire.recorder.judge(wire.now), State::Booting);
  EXPECT_EQ(wire.recorder.judge(wire.now + 41s), State::Stalled);
}

TEST(BootRecorder, CallsAMachineThatAsksForEverStalled) {
  Wire wire({});
  for (int tries = 0; tries < 40; ++tries) {
    wire.dhcp(dhcp::MessageType::Discover, kClient, "PXEClient");
    wire.recorder.judge(wire.now);
    wire.now += 5s;
  }
  EXPECT_EQ(wire.recorder.judge(wire.now), State::Stalled);
}

TEST(BootRecorder, CutsTheContentOfFilesAndKeepsTheirSize) {
  Wire wire({.payload = BootRecorder::Options::Payload::Cut});
  wire.lease();
  wire.file("memtest");
  const BootRecorder::Recorded& data = wire.recorded[5];
  EXPECT_EQ(data.octets.size(), 14U + 20 + 8 + 4);
  EXPECT_EQ(data.original_size, data.octets.size() + 100);
  EXPECT_EQ(wire.recorded[4].octets.size(), wire.recorded[4].original_size);
}

TEST(BootRecorder, WritesCookedFramesAsTheyAre) {
  const Bytes ethernet = frames::build_udp(
      {.source_mac = kClient, .source = {{}, 68}, .destination = {Ipv4Address::broadcast(), 67}},
      [] {
        dhcp::Message message;
        message.header.set_mac(kClient);
        message.add_type(dhcp::MessageType::Discover);
        message.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
        return dhcp::encode(message);
      }());
  Bytes cooked{0, 1, 0, 1, 0, 6};
  ByteWriter writer(cooked);
  writer.bytes(kClient.octets);
  writer.zeros(2);
  writer.u16(0x0800);
  writer.bytes(ByteView(ethernet).subspan(14));
  BootRecorder recorder({});
  recorder.on_frame(kStart, LinkType::LinuxCooked, cooked, cooked.size());
  const auto recorded = recorder.poll_recorded();
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->octets, cooked);
  EXPECT_EQ(recorded->link, LinkType::LinuxCooked);
}

}  // namespace
}  // namespace pxeproof::trace
