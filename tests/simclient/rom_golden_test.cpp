#include <gmock/gmock.h>

#include <algorithm>

#include "tests/simclient/captured_boot.h"
#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUdpSourcePort = 34;
constexpr std::size_t kUdpChecksum = 40;
constexpr std::size_t kXid = 46;

Frame octets(std::string_view hex) { return *from_hex(hex); }

void blank(Frame& frame, std::size_t offset, std::size_t count) {
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(offset), count, std::uint8_t{0});
}

// The real ROM's boot with the article's servers, its server frames played to ours: every frame
// must be the same, octet for octet, but for what is drawn at random: the xid and a source port.
class CapturedBoot : public testing::Test {
 protected:
  CapturedBoot() : bench_(options(), silence()) { bench_.start(); }

  static RomOptions options() {
    RomOptions options = ipxe_options();
    options.waits = Waits::Real;
    return options;
  }

  static Script silence() {
    Script script;
    script.on_discover_address = nullptr;
    script.on_discover_proxy = nullptr;
    script.on_request = nullptr;
    script.on_boot_server = nullptr;
    script.boot_server_answers_arp = false;
    script.tftp_answers = false;
    return script;
  }

  // The n-th frame the ROM sent, counted from 0.
  Frame sent(std::size_t index) {
    EXPECT_LT(index, bench_.sent().size());
    return bench_.sent().at(index).frame;
  }

  void expect_dhcp(const Frame& ours, std::string_view real_hex) {
    EXPECT_TRUE(frames::inspect_udp(ours).has_value());
    Frame mine = ours;
    Frame real = octets(real_hex);
    for (Frame* const frame : {&mine, &real}) {
      blank(*frame, kUdpChecksum, 2);
      blank(*frame, kXid, 4);
    }
    EXPECT_EQ(to_hex(mine), to_hex(real));
  }

  void expect_tftp(const Frame& ours, std::string_view real_hex) {
    EXPECT_TRUE(frames::inspect_udp(ours).has_value());
    Frame mine = ours;
    Frame real = octets(real_hex);
    for (Frame* const frame : {&mine, &real}) {
      blank(*frame, kUdpSourcePort, 2);
      blank(*frame, kUdpChecksum, 2);
    }
    EXPECT_EQ(to_hex(mine), to_hex(real));
  }

  // A frame of the real servers, as an answer to ours: with our xid.
  void play_dhcp(std::string_view hex) {
    Frame frame = octets(hex);
    const Frame discover = sent(0);
    std::copy_n(discover.begin() + kXid, 4, frame.begin() + kXid);
    blank(frame, kUdpChecksum, 2);
    bench_.deliver(frame);
  }

  RomBench bench_;
};

TEST_F(CapturedBoot, IsRepeatedOctetForOctet) {
  expect_dhcp(sent(0), captured::kDiscover);
  EXPECT_EQ(to_hex(sent(1)), captured::kRouterSolicitation);

  play_dhcp(captured::kProxyOffer);
  play_dhcp(captured::kAddressOffer);
  expect_dhcp(sent(2), captured::kRequest);

  play_dhcp(captured::kAcknowledgement);
  EXPECT_EQ(to_hex(sent(3)), captured::kAnnouncement);

  // Five more solicitations go out while the boot waits for IPv6, and ARP is answered.
  bench_.run_until(kStart + 5155ms);
  EXPECT_EQ(bench_.sent().size(), 8U);
  bench_.deliver(octets(captured::kArpQuestion));
  EXPECT_EQ(to_hex(sent(8)), captured::kArpAnswer);
  bench_.run_until(kStart + 15900ms);
  EXPECT_EQ(bench_.sent().size(), 10U);

  bench_.run_until(kStart + 16100ms);
  EXPECT_EQ(to_hex(sent(10)), captured::kArpForBootServer);
  bench_.deliver(octets(captured::kArpFromBootServer));
  expect_dhcp(sent(11), captured::kBootServerRequest);

  Frame answer = octets(captured::kBootServerAnswer);  // xid 0, as it stands
  bench_.deliver(answer);
  expect_tftp(sent(12), captured::kReadRequest);

  Frame oack = octets(captured::kOptionAcknowledgement);
  const Frame request = sent(12);
  std::copy_n(request.begin() + kUdpSourcePort, 2, oack.begin() + kUdpSourcePort + 2);
  blank(oack, kUdpChecksum, 2);
  bench_.deliver(oack);
  expect_tftp(sent(13), captured::kFirstAck);
}

TEST_F(CapturedBoot, TheXidIsDrawnOnceAndKept) {
  play_dhcp(captured::kProxyOffer);
  play_dhcp(captured::kAddressOffer);
  const auto discover = frames::inspect_udp(bench_.sent().front().frame);
  const auto request = frames::inspect_udp(bench_.sent().back().frame);
  EXPECT_EQ(dhcp::MessageView::parse(discover->payload)->xid(),
            dhcp::MessageView::parse(request->payload)->xid());

  RomOptions other = options();
  other.seed = 2;
  RomBench second(std::move(other), silence());
  second.start();
  const auto again = frames::inspect_udp(second.sent().front().frame);
  EXPECT_NE(dhcp::MessageView::parse(discover->payload)->xid(),
            dhcp::MessageView::parse(again->payload)->xid());
}

TEST(SkippedWaits, LeaveOutIpv6AndNothingElse) {
  RomBench bench(ipxe_options());
  bench.run();
  ASSERT_TRUE(bench.rom().booted());
  EXPECT_LT(bench.now() - kStart, Duration(1s));
  for (const Sent& sent : bench.sent()) {
    EXPECT_NE(frames::inspect_ethernet(sent.frame)->type, 0x86dd);
  }
}

}  // namespace
}  // namespace pxeproof::rom
