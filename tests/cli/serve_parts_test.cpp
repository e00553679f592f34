#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/metrics_exposer.h"
#include "cli/opener_messages.h"
#include "server/lease_text.h"

namespace pxeproof::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr MacAddress kMac{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
constexpr Ipv4Address kAddress = Ipv4Address::of(10, 0, 0, 50);

TEST(OpenerMessages, ComeOutAsTheyWentIn) {
  const FileRequest request{.id = 0x123456789abcU,
                            .root = "/srv/tftp",
                            .unique_directory = "10.0.0.1",
                            .path = std::string("a\0b", 3)};
  const auto back = decode_open(encode_open(request));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, request.id);
  EXPECT_EQ(back->path, request.path);
  EXPECT_EQ(back->unique_directory, request.unique_directory);
  const auto opened = decode_opened(encode_opened(7, FileFault::UntrustedLink));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->second, FileFault::UntrustedLink);

  ConfigurationRecord record;
  record.sources.command_line = {"--port=0"};
  record.sources.files.push_back({"a.conf", std::string("x\xff\0y", 4)});
  record.texts.insert_or_assign("/etc/hosts", fail(std::string("Permission denied")));
  record.lists.insert_or_assign("/etc/d", std::vector<std::string>{"1", "2"});
  record.identities.insert_or_assign("a", "/b");
  record.file_warnings.push_back({.location = {.file = "tree/a"}, .what = "b", .remedy = "c"});
  ServerResources resources;
  resources.interfaces.push_back({.index = 3,
                                  .name = "eth0",
                                  .mac = kMac,
                                  .addresses = {{kAddress, Ipv4Address::of(255, 0, 0, 0)}},
                                  .mtu = 9000});
  resources.fixed_ports = {67, 69};
  resources.transfer_ports = {40000, 40001};
  resources.reads_as_root = true;
  resources.lease_file = LeaseFile{.path = "/var/leases", .journal = {}};
  const Bytes octets = encode_loaded(record, resources);
  const auto loaded = decode_loaded(octets);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->record.sources.files[0].text, record.sources.files[0].text);
  EXPECT_EQ(loaded->record.texts.at("/etc/hosts").error(), "Permission denied");
  EXPECT_THAT(*loaded->record.lists.at("/etc/d"), SizeIs(2));
  ASSERT_THAT(loaded->record.file_warnings, SizeIs(1));
  EXPECT_EQ(loaded->record.file_warnings[0].location.file, "tree/a");
  EXPECT_EQ(loaded->record.file_warnings[0].remedy, "c");
  EXPECT_EQ(loaded->resources.interfaces[0].addresses, resources.interfaces[0].addresses);
  EXPECT_EQ(loaded->resources.interfaces[0].mtu, 9000U);
  EXPECT_EQ(loaded->resources.fixed_ports, resources.fixed_ports);
  EXPECT_EQ(loaded->resources.transfer_ports, resources.transfer_ports);
  EXPECT_EQ(loaded->resources.lease_file->path, "/var/leases");
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(decode_loaded(ByteView(octets).first(size))) << size;
  }
}

TEST(LeaseText, ReadsWhatItWroteAndWhatDnsmasqWrites) {
  server::WrittenLease lease;
  lease.lease.address = kAddress;
  lease.lease.client = {.hardware_type = 1,
                        .hardware = std::string("\x52\x54\x00\x12\x34\x56", 6),
                        .client_id = std::string("\x01\x52", 2)};
  lease.lease.host_name = "a b\nc";
  lease.expires_epoch = 1732627000;
  EXPECT_EQ(server::lease_line(lease), "1732627000 52:54:00:12:34:56 10.0.0.50 a_b_c 01:52\n");
  const auto read = server::read_lease_text(
      server::lease_line(lease) + "0 06-aa:bb 10.0.0.51 * *\n" +
      "1732627001 52:54:00:12:34:57 10.0.0.52 host *\n" + server::ended_line({0x0a000034}) +
      "nonsense\n1 2 3 4 5\nduid 00:01:02\n1 77 2001:db8::9 z 00:01\n1732627002 52:54:00:12");
  ASSERT_THAT(read.leases, SizeIs(2));
  EXPECT_EQ(read.leases[0].lease.client, lease.lease.client);
  EXPECT_EQ(read.leases[0].expires_epoch, lease.expires_epoch);
  EXPECT_EQ(read.leases[1].lease.client.hardware_type, 6);
  EXPECT_FALSE(read.leases[1].expires_epoch);
  ASSERT_THAT(read.faults, SizeIs(2));
  EXPECT_EQ(read.faults[1].line, 6U);
}

// dnsmasq writes its DHCPv6 leases last, and a server that takes its file over writes behind them.
TEST(LeaseText, KeepsLinesOfDhcpv6AndReadsWhatStandsBehindThem) {
  const std::string foreign = "duid 00:01:02\n1732627000 77 2001:db8::9 host 00:01\n";
  const auto read = server::read_lease_text("0 52:54:00:12:34:56 10.0.0.50 * *\n" + foreign +
                                            "0 52:54:00:12:34:57 10.0.0.51 * *\n");
  EXPECT_THAT(read.leases, SizeIs(2));
  EXPECT_EQ(read.foreign, foreign);
  EXPECT_THAT(read.faults, IsEmpty());
}

TEST(LeaseText, LeavesATornLineOut) {
  const auto read = server::read_lease_text("0 52:54:00:12:34:56 10.0.0.50 * *\n0 52:54");
  EXPECT_THAT(read.leases, SizeIs(1));
  EXPECT_EQ(read.torn_octets, 7U);
  EXPECT_TRUE(read.faults.empty());
}

// A file of something else was taken for a journal of faults, and written anew: empty.
TEST(LeaseText, TellsAFileOfSomethingElse) {
  EXPECT_TRUE(server::is_no_lease_file("root:x:0:0:root:/root:/bin/bash\n"));
  EXPECT_TRUE(server::is_no_lease_file("my notes"));
  EXPECT_TRUE(server::is_no_lease_file("port=0\ndhcp-range=10.0.0.1,10.0.0.9\n"));
  EXPECT_FALSE(server::is_no_lease_file(""));
  EXPECT_FALSE(server::is_no_lease_file("\n"));
  EXPECT_FALSE(server::is_no_lease_file("nonsense\n0 52:54:00:12:34:56 10.0.0.50 * *\n"));
  EXPECT_FALSE(server::is_no_lease_file("ended 10.0.0.50\n"));
  EXPECT_FALSE(server::is_no_lease_file("17326"));  // torn
  EXPECT_FALSE(server::is_no_lease_file("1732627000 52:54"));
  EXPECT_FALSE(server::is_no_lease_file("duid 00:01:02\n"));
}

TEST(Metrics, AreNamedAndLabelled) {
  const nlohmann::json counters = {
      {"uptime_seconds", 12.5},
      {"reloads", {{"done", 3}, {"failed", 1}}},
      {"dhcp", {{"answered", {{"proxy-offer", 2}}}, {"silent", {{"no-range", 7}}}}},
      {"tftp", {{"requests", 9}, {"refused", {{"server-full", 4}}}, {"half_open", 5}}}};
  EXPECT_THAT(metrics_text(counters.dump()),
              AllOf(HasSubstr("pxeproof_dhcp_silent_total{reason=\"no-range\"} 7"),
                    HasSubstr("pxeproof_dhcp_answers_total{kind=\"proxy-offer\"} 2"),
                    HasSubstr("pxeproof_tftp_refused_total{reason=\"server-full\"} 4"),
                    HasSubstr("# TYPE pxeproof_tftp_half_open gauge"),
                    HasSubstr("pxeproof_reload_failures_total 1")));
}

}  // namespace
}  // namespace pxeproof::cli
