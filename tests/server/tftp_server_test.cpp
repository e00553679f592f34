#include "server/tftp_server.h"

#include <set>

#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(TftpServer, SendsAFileBlockByBlock) {  // TFTP-01
  TftpBench bench;
  const Bytes content = pattern(1300);
  bench.add("f", content);

  EXPECT_THAT(bench.request(kClient, rrq("f")),
              ElementsAre(IsDataOf(1, ByteView(content).subspan(0, 512))));
  EXPECT_THAT(bench.answer(kClient, ack(1)),
              ElementsAre(IsDataOf(2, ByteView(content).subspan(512, 512))));
  EXPECT_THAT(bench.answer(kClient, ack(2)),
              ElementsAre(IsDataOf(3, ByteView(content).subspan(1024))));
  EXPECT_THAT(bench.answer(kClient, ack(3)), IsEmpty());
  EXPECT_EQ(bench.server.transfers(), 0U);
  EXPECT_EQ(bench.server.poll_timeout(), std::nullopt);
}

TEST(TftpServer, ReadsTheModeInAnyCase) {
  TftpBench bench;
  bench.add("f", pattern(10));
  EXPECT_THAT(bench.request(kClient, rrq("f", {}, "OcTeT")), ElementsAre(IsData(1)));
}

TEST(TftpServer, SendsOneEmptyBlockForAnEmptyFile) {  // TFTP-02
  TftpBench bench;
  bench.add("empty", {});
  EXPECT_THAT(bench.request(kClient, rrq("empty")), ElementsAre(IsDataOf(1, Bytes{})));
  EXPECT_THAT(bench.answer(kClient, ack(1)), IsEmpty());
  EXPECT_EQ(bench.server.counters().finished, 1U);
}

TEST(TftpServer, EndsAnExactMultipleWithAnEmptyBlock) {  // TFTP-03
  TftpBench bench;
  const Bytes content = pattern(1024);
  bench.add("f", content);
  EXPECT_EQ(download(bench, kClient, rrq("f")), content);
  bench.request(kClient, rrq("f", {{"blksize", "1024"}}));
  EXPECT_THAT(bench.answer(kClient, ack(0)), ElementsAre(IsDataOf(1, content)));
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsDataOf(2, Bytes{})));
}

TEST(TftpServer, GivesEachTransferOfAClientItsOwnPort) {  // TFTP-04
  TftpBench bench;
  bench.add("f", pattern(5000));
  std::set<std::uint16_t> ports;
  bool counts_up = true;
  std::uint16_t last = 0;
  for (std::uint16_t i = 0; i < 32; ++i) {
    const auto sent =
        bench.request({kClient.address, static_cast<std::uint16_t>(3000 + i)}, rrq("f"));
    ASSERT_THAT(sent, SizeIs(1));
    const std::uint16_t port = sent[0].source.port;
    counts_up = counts_up && (i == 0 || port == last + 1);
    last = port;
    ports.insert(port);
  }
  EXPECT_THAT(ports, SizeIs(32));
  EXPECT_FALSE(ports.contains(69));
  EXPECT_FALSE(counts_up);
}

TEST(TftpServer, SharesAPortOfAClientOnlyWhenThePoolIsExhausted) {
  TftpOptions options = bench_options();
  options.transfer_ports.resize(4);
  TftpBench bench(options);
  bench.add("f", pattern(5000));
  std::map<std::uint16_t, int> uses;
  for (std::uint16_t i = 0; i < 4; ++i) {
    ++uses[bench.request({kClient.address, static_cast<std::uint16_t>(3000 + i)}, rrq("f"))[0]
               .source.port];
  }
  EXPECT_THAT(uses, SizeIs(4));
  // A fifth shares a port, and both go on without mixing.
  const Endpoint fifth{kClient.address, 3100};
  bench.request(fifth, rrq("f"));
  EXPECT_THAT(bench.answer(fifth, ack(1)), ElementsAre(IsData(2)));
  EXPECT_THAT(bench.answer(fifth, ack(2)), ElementsAre(IsData(3)));
}

TEST(TftpServer, SendsNetasciiConverted) {  // TFTP-05, T12
  TftpBench bench;
  bench.add("f", text_bytes("a\nb\r\nc\rd\n"));
  EXPECT_THAT(bench.request(kClient, rrq("f", {}, "NetASCII")),
              ElementsAre(IsDataOf(1, text_bytes(std::string("a\r\nb\r\0\r\nc\r\0d\r\n", 14)))));
}

TEST(TftpServer, AnswersFromTheAddressThatWasAsked) {  // TFTP-07
  TftpBench bench;
  bench.add("f", pattern(10));
  const auto sent = bench.send(kClient, {kSecondAddress, 69}, rrq("f"));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(sent[0].source.address, kSecondAddress);
  EXPECT_EQ(sent[0].destination, kClient);
}

TEST(TftpServer, LeavesARequestToABroadcastAddressAlone) {  // TFTP-08, RFC 1123 s.4.2.3.5
  TftpBench bench;
  bench.add("f", pattern(10));
  for (const Ipv4Address address : {Ipv4Address::broadcast(), Ipv4Address::of(192, 168, 77, 255),
                                    Ipv4Address::of(239, 0, 0, 1)}) {
    EXPECT_THAT(bench.send(kClient, {address, 69}, rrq("f")), IsEmpty());
  }
  EXPECT_TRUE(bench.dropped(TftpReason::BroadcastRequest));
}

TEST(TftpServer, AsksForFilesByCleanNames) {  // TFTP-09
  TftpBench bench;
  bench.add("sub/f", pattern(10));
  for (const char* name : {"sub/f", "/sub/f", "./sub/f", "//sub/f", "sub\\f", "/srv/tftp/sub/f"}) {
    EXPECT_EQ(download(bench, kClient, rrq(name)), pattern(10)) << name;
  }
  for (const FileRequest& asked : bench.asked) {
    EXPECT_EQ(asked.root, "/srv/tftp");
    EXPECT_EQ(asked.path, "sub/f");
  }
}

TEST(TftpServer, AnswersTheWholeConfigSearchOfPxelinux) {  // TFTP-10
  TftpBench bench;
  bench.add("pxelinux.cfg/default", pattern(100));
  std::uint16_t port = 49152;
  for (const char* name : {"67452301-ab89-efcd-0123-456789abcdef", "01-52-54-00-12-34-56",
                           "C0A84D32", "C0A84D3", "C0A84D", "C0A84", "C0A8", "C0A", "C0", "C"}) {
    EXPECT_THAT(bench.request({kClient.address, ++port}, rrq("pxelinux.cfg/" + std::string(name))),
                ElementsAre(IsError(tftp::ErrorCode::FileNotFound)));
  }
  EXPECT_EQ(download(bench, kClient, rrq("pxelinux.cfg/default")), pattern(100));
  EXPECT_EQ(bench.server.transfers(), 0U);
}

TEST(TftpServer, GivesEachTransferItsOwnContent) {  // TFTP-11, D1
  TftpBench bench;
  bench.add("a", pattern(600));
  bench.add("b", text_bytes("bb"));
  bench.add("c", text_bytes("c"));
  EXPECT_EQ(download(bench, kClient, rrq("b")), text_bytes("bb"));
  EXPECT_EQ(download(bench, kClient, rrq("c")), text_bytes("c"));
  bench.request(kClient, rrq("a"));
  EXPECT_THAT(bench.answer(kClient, error(0, "Early Terminate")), IsEmpty());
  EXPECT_EQ(download(bench, kClient, rrq("b")), text_bytes("bb"));
}

TEST(TftpServer, WrapsBlockNumbersToZero) {  // TBIG-01
  TftpBench bench;
  const Bytes content = pattern(70000 * 8 + 3);
  bench.add("f", content);
  bench.request(kClient, rrq("f", {{"blksize", "8"}}));
  auto sent = bench.answer(kClient, ack(0));
  Bytes received;
  std::uint16_t expected = 1;
  while (!sent.empty()) {
    ASSERT_THAT(sent, ElementsAre(IsData(expected)));
    received.insert(received.end(), sent[0].octets.begin() + 4, sent[0].octets.end());
    sent = bench.answer(kClient, ack(expected++));
  }
  EXPECT_EQ(received, content);
}

TEST(TftpServer, EndsRightWhereTheLastBlockIsNumberZero) {  // TBIG-02
  for (const auto& [size, last, last_size] :
       {std::tuple{65536U * 8 - 1, 0U, 7U}, {65536U * 8, 1U, 0U}, {65536U * 8 + 1, 1U, 1U}}) {
    TftpBench bench;
    bench.files["f"] = TftpBench::Target(std::make_shared<EndlessFile>(size));
    bench.request(kClient, rrq("f", {{"blksize", "8"}, {"windowsize", "64"}}));
    auto sent = bench.answer(kClient, ack(0));
    Sent final_block = sent.back();
    while (!sent.empty()) {
      final_block = sent.back();
      const auto packet = final_block.packet();
      sent = bench.answer(kClient, ack(std::get<tftp::Data>(packet).block));
    }
    EXPECT_THAT(final_block, IsData(last)) << size;
    EXPECT_EQ(final_block.octets.size(), 4 + last_size) << size;
    EXPECT_EQ(bench.server.counters().finished, 1U) << size;
  }
}

TEST(TftpServer, IsNotFooledByOldAcksOfTheLapBefore) {  // TBIG-03
  TftpBench bench;
  bench.files["f"] = TftpBench::Target(std::make_shared<EndlessFile>(80000 * 8));
  bench.request(kClient, rrq("f", {{"blksize", "8"}}));
  auto sent = bench.answer(kClient, ack(0));
  for (std::uint64_t block = 1; block < 65536 + 3; ++block) {
    sent = bench.answer(kClient, ack(static_cast<std::uint16_t>(block & 0xffffU)));
  }
  EXPECT_THAT(sent, ElementsAre(IsData(3)));
  EXPECT_THAT(bench.answer(kClient, ack(65534)), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(3)), ElementsAre(IsData(4)));
  EXPECT_THAT(bench.answer(kClient, ack(3)), IsEmpty());
}

// Five gibibytes of nothing; each piece that is read says where it begins.
class SparseFile : public FileContent {
 public:
  std::uint64_t size() const override { return 5ULL << 30U; }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (offset >= size()) return ByteView{};
    for (std::size_t i = 0; i < 8; ++i) {
      octets_[i] = static_cast<std::uint8_t>(offset >> (8 * i) & 0xffU);
    }
    return ByteView(octets_).first(std::min<std::uint64_t>(length, size() - offset));
  }

 private:
  Bytes octets_ = Bytes(65536);
};

TEST(TftpServer, SendsMoreThanFourGibibytesWhole) {  // TBIG-04, T2
  TftpOptions options = bench_options();
  options.interfaces[0].interface.mtu = 65536;
  TftpBench bench(options);
  bench.files["big"] = TftpBench::Target(std::make_shared<SparseFile>());
  EXPECT_THAT(bench.request(kClient, rrq("big", {{"blksize", "65464"}, {"tsize", "0"}})),
              ElementsAre(IsOack(Options{{"blksize", "65464"}, {"tsize", "5368709120"}})));

  std::uint64_t received = 0;
  OutgoingDatagram out;
  for (std::uint64_t block = 0; block == received / 65464; ++block) {
    const Bytes packet = ack(static_cast<std::uint16_t>(block & 0xffffU));
    bench.server.on_datagram(
        bench.now,
        {.source = kClient, .destination = bench.peer, .interface_index = 2, .payload = packet});
    ASSERT_TRUE(bench.server.poll_transmit(out));
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < 8; ++i) offset |= std::uint64_t{out.body[i]} << (8 * i);
    ASSERT_EQ(offset, received);
    received += out.body.size();
  }
  EXPECT_EQ(received, 5ULL << 30U);
}

TEST(TftpServer, TellsItsStoryInEvents) {
  TftpBench bench;
  bench.add("dir/f", pattern(1000));
  bench.request(kClient, rrq("dir/f", {{"blksize", "1024"}}));
  bench.now += 20ms;
  bench.answer(kClient, ack(0));
  bench.now += 30ms;
  bench.answer(kClient, ack(1));

  std::vector<std::string> lines;
  for (const TftpEvent& event : bench.events) lines.push_back(to_string(event));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0], "192.168.77.50 asks for dir/f");
  EXPECT_EQ(lines[1],
            "sending dir/f to 192.168.77.50: 1000 octets, blksize 1024, windowsize 1, port " +
                std::to_string(bench.peer.port));
  EXPECT_EQ(lines[2], "sent dir/f to 192.168.77.50: 1000 octets in 0.050 s, 0 resent");
  EXPECT_EQ(bench.server.counters().octets, 1000U);
}

TEST(TftpServer, EscapesWhatClientsWriteInEvents) {  // TSEC-05
  TftpBench bench;
  bench.request(kClient, rrq("a\x1b[2J\n\xff"));
  const auto refused = bench.events_of<TftpRefused>();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].name, "a\\x1b[2J\\x0a\\xff");
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, error(3, "no\nroom"));
  EXPECT_EQ(bench.events_of<TftpFailed>().at(0).client_text, "no\\x0aroom");
}

TEST(TftpServer, ServesEachInterfaceFromItsOwnRoot) {
  TftpOptions options = bench_options();
  options.interfaces.push_back({{.index = 3, .name = "eth1", .mac = {}}, "/srv/other"});
  TftpBench bench(options);
  bench.add("f", pattern(10));
  bench.interface_index = 3;
  bench.request(kClient, rrq("f"));
  EXPECT_EQ(bench.asked.at(0).root, "/srv/other");
  bench.interface_index = 4;
  EXPECT_THAT(bench.request(kStranger, rrq("f")), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::InterfaceNotServed));
}

TEST(TftpServer, AsksForTheClientsOwnDirectory) {
  TftpOptions options = bench_options();
  options.unique_root = TftpConfiguration::UniqueRoot::ByAddress;
  options.require_own_file = true;
  TftpBench by_address(options);
  by_address.request(kClient, rrq("f"));
  EXPECT_EQ(by_address.asked.at(0).unique_directory, "192.168.77.50");
  EXPECT_TRUE(by_address.asked.at(0).require_own_file);

  options.unique_root = TftpConfiguration::UniqueRoot::ByMac;
  TftpBench by_mac(options);
  by_mac.request(kStranger, rrq("f"));
  by_mac.source_mac = MacAddress{{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
  by_mac.request(kClient, rrq("f"));
  EXPECT_EQ(by_mac.asked.at(0).unique_directory, "");
  EXPECT_EQ(by_mac.asked.at(1).unique_directory, "52-54-00-12-34-56");
}

TEST(TftpServer, ServesManyTransfersFromTheRequestPortAlone) {
  TftpOptions options = bench_options();
  options.transfer_ports.clear();
  TftpBench bench(options);
  EXPECT_THAT(bench.server.ports(), ElementsAre(69));
  bench.add("f", pattern(1300));
  const Endpoint second{kClient.address, 2071};
  EXPECT_EQ(bench.request(kClient, rrq("f")).at(0).source, kRequestPort);
  EXPECT_THAT(bench.request(second, rrq("f")), ElementsAre(IsData(1)));
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
  EXPECT_THAT(bench.answer(second, ack(1)), ElementsAre(IsData(2)));
  EXPECT_THAT(bench.answer(kStranger, ack(1)),
              ElementsAre(IsError(tftp::ErrorCode::UnknownTransferId)));
  EXPECT_THAT(bench.answer(kStranger, error(5, "x")), IsEmpty());
}

TEST(TftpServer, WaitsForASlowDiskWithoutDisturbingOthers) {
  TftpBench bench;
  bench.add("slow", pattern(10));
  bench.add("fast", pattern(20));
  bench.answer_files = false;
  EXPECT_THAT(bench.request(kClient, rrq("slow")), IsEmpty());
  FileRequest slow;
  ASSERT_TRUE(bench.server.poll_file_request(slow));
  bench.answer_files = true;
  EXPECT_EQ(download(bench, kStranger, rrq("fast")), pattern(20));
  bench.server.on_file(bench.now, bench.open(slow));
  EXPECT_THAT(bench.drain(), ElementsAre(IsDataOf(1, pattern(10))));
}

TEST(TftpServer, LetsGoOfAFileThatNobodyWaitsForAnyMore) {
  TftpBench bench;
  bench.add("f", pattern(10));
  bench.answer_files = false;
  bench.request(kClient, rrq("f"));
  FileRequest request;
  ASSERT_TRUE(bench.server.poll_file_request(request));
  EXPECT_THAT(bench.wait(10s), ElementsAre(IsError(tftp::ErrorCode::NotDefined)));
  EXPECT_EQ(bench.refused(TftpReason::OpenTimedOut), 1U);
  bench.server.on_file(bench.now, bench.open(request));
  EXPECT_THAT(bench.drain(), IsEmpty());
}

TEST(TftpServer, KeepsTransfersRunningWhenItsOptionsChange) {
  TftpBench bench;
  bench.add("f", pattern(1300));
  bench.add("F", pattern(7));
  bench.request(kClient, rrq("f"));
  TftpOptions options = bench_options();
  options.lowercase = true;
  options.interfaces[0].root = "/srv/new";
  bench.server.set_options(options);
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
  bench.request(kStranger, rrq("F"));
  EXPECT_EQ(bench.asked.back().root, "/srv/new");
  EXPECT_EQ(bench.asked.back().path, "f");
}

TEST(TftpServer, RepeatsItselfFromItsSeed) {
  std::vector<std::uint16_t> ports[2];
  for (auto& seen : ports) {
    TftpBench bench(bench_options(), 42);
    bench.add("f", pattern(10));
    for (std::uint16_t i = 0; i < 20; ++i) {
      seen.push_back(
          bench.request({kClient.address, static_cast<std::uint16_t>(5000 + i)}, rrq("f"))[0]
              .source.port);
    }
  }
  EXPECT_EQ(ports[0], ports[1]);
}

}  // namespace
}  // namespace pxeproof::server
