#include "server/tftp_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using testing::bench_options;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST(TftpOptions, AreValidAsTheyStand) {
  EXPECT_TRUE(validate(TftpOptions{}));
  EXPECT_TRUE(validate(bench_options()));
}

TEST(TftpOptions, NameTheirFault) {
  const auto fault = [](auto change) {
    TftpOptions options = bench_options();
    change(options);
    const auto valid = validate(options);
    EXPECT_FALSE(valid);
    return valid ? TftpOptionsFault{} : valid.error();
  };
  EXPECT_EQ(fault([](auto& o) { o.request_port = 0; }), TftpOptionsFault::RequestPortZero);
  EXPECT_EQ(fault([](auto& o) { o.transfer_ports = {5, 0}; }), TftpOptionsFault::TransferPortZero);
  EXPECT_EQ(fault([](auto& o) { o.transfer_ports = {5, 5}; }), TftpOptionsFault::TransferPortTwice);
  EXPECT_EQ(fault([](auto& o) { o.transfer_ports = {69}; }),
            TftpOptionsFault::TransferPortIsRequestPort);
  EXPECT_EQ(fault([](auto& o) { o.limits.transfers = 0; }), TftpOptionsFault::LimitZero);
  EXPECT_EQ(fault([](auto& o) { o.maximum_window = 0; }), TftpOptionsFault::WindowZero);
  EXPECT_EQ(fault([](auto& o) { o.retransmission.shortest = 0ms; }),
            TftpOptionsFault::ShortestIntervalZero);
  EXPECT_EQ(fault([](auto& o) { o.retransmission.first = 9s; }),
            TftpOptionsFault::IntervalsOutOfOrder);
  EXPECT_EQ(fault([](auto& o) { o.retransmission.longest = 8s; }),
            TftpOptionsFault::FewerThanFourSends);
}

TEST(TftpOptions, FollowTheTftpLinesOfAConfiguration) {
  Configuration configuration;
  configuration.tftp.enabled = true;
  configuration.tftp.root = "/tftpboot";
  configuration.tftp.interface_roots["eth1"] = "/one";
  configuration.tftp.secure = true;
  configuration.tftp.no_block_size = true;
  configuration.tftp.mtu = 1400;
  configuration.tftp.maximum_transfers = 50;
  const TftpOptions options =
      tftp_options(configuration, {{.index = 1, .name = "eth0"}, {.index = 2, .name = "eth1"}});
  ASSERT_THAT(options.interfaces, SizeIs(2));
  EXPECT_EQ(options.interfaces[0].root, "/tftpboot");
  EXPECT_EQ(options.interfaces[1].root, "/one");
  EXPECT_TRUE(options.require_own_file);
  EXPECT_FALSE(options.acknowledge_block_size);
  EXPECT_EQ(options.mtu, 1400U);
  EXPECT_EQ(options.limits.transfers, 50U);  // T4: not one more
}

TEST(TftpOptions, ServeTheInterfacesThatTheConfigurationNames) {
  const std::vector<NetworkInterface> machine{
      {.index = 1, .name = "lo"}, {.index = 2, .name = "eth0"}, {.index = 3, .name = "eth1"}};
  const auto served = [&machine](auto change) {
    Configuration configuration;
    configuration.tftp.enabled = true;
    change(configuration);
    std::set<std::string> names;
    for (const auto& each : tftp_options(configuration, machine).interfaces) {
      names.insert(each.interface.name);
    }
    return names;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(served([](auto& c) { c.tftp.enabled = false; }), Names{});
  EXPECT_EQ(served([](auto&) {}), (Names{"lo", "eth0", "eth1"}));
  EXPECT_EQ(served([](auto& c) { c.interfaces = {"eth*"}; }), (Names{"lo", "eth0", "eth1"}));
  EXPECT_EQ(served([](auto& c) { c.interfaces = {"eth0"}; }), (Names{"lo", "eth0"}));
  EXPECT_EQ(served([](auto& c) { c.except_interfaces = {"eth1"}; }), (Names{"lo", "eth0"}));
  EXPECT_EQ(served([](auto& c) { c.tftp.interfaces = {"eth1"}; }), (Names{"eth1"}));
}

TEST(TftpOptions, DrawDifferentPortsInARandomOrder) {
  const auto ports = draw_ports(40000, 40999, 64, Random(1));
  EXPECT_THAT(ports, SizeIs(64));
  EXPECT_EQ(std::set<std::uint16_t>(ports.begin(), ports.end()).size(), 64U);
  EXPECT_FALSE(std::is_sorted(ports.begin(), ports.end()));
  EXPECT_THAT(draw_ports(7, 9, 64, Random(1)), SizeIs(3));
  EXPECT_THAT(draw_ports(65535, 65535, 1, Random(1)), ::testing::ElementsAre(65535));
  EXPECT_THAT(draw_ports(9, 8, 1, Random(1)), IsEmpty());
}

}  // namespace
}  // namespace pxeproof::server
