// What clients and strangers do wrong, and what changes on the disk.

#include "server/tftp_error.h"
#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace testing;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tftp::ErrorCode;

std::string error_text(const Sent& sent) {
  const auto packet = sent.packet();
  const auto* error = std::get_if<tftp::Error>(&packet);
  return error == nullptr ? "" : error->text;
}

TEST(TftpErrors, NameTheMissingFileAsTheClientDid) {  // TERR-01, T7, TSEC-05
  TftpBench bench;
  const auto sent = bench.request(kClient, rrq("/srv/tftp/missing"));
  ASSERT_THAT(sent, ElementsAre(IsError(ErrorCode::FileNotFound)));
  EXPECT_EQ(error_text(sent[0]), "file /srv/tftp/missing not found for 192.168.77.50");
  EXPECT_EQ(error_text(bench.request(kClient, rrq("missing")).at(0)),
            "file missing not found for 192.168.77.50");
  EXPECT_EQ(bench.refused(TftpReason::FileNotFound), 2U);
}

TEST(TftpErrors, LeaveTheServerFromAPortOfThePool) {
  TftpBench bench;
  EXPECT_NE(bench.request(kClient, rrq("missing")).at(0).source.port, 69);
  EXPECT_NE(bench.request(kClient, rrq("")).at(0).source.port, 69);
}

TEST(TftpErrors, SayForEachFaultOfAFileWhatItIs) {  // TERR-02, T9, T10, TSEC-03, TSEC-04
  const std::pair<FileFault, ErrorCode> expected[] = {
      {FileFault::NotFound, ErrorCode::FileNotFound},
      {FileFault::NameTooLong, ErrorCode::FileNotFound},
      {FileFault::AccessDenied, ErrorCode::AccessViolation},
      {FileFault::OutsideRoot, ErrorCode::AccessViolation},
      {FileFault::UntrustedLink, ErrorCode::AccessViolation},
      {FileFault::NotAFile, ErrorCode::AccessViolation},
      {FileFault::ReadFailed, ErrorCode::NotDefined},
      {FileFault::TooManyOpen, ErrorCode::DiskFull},
  };
  for (const auto& [fault, code] : expected) {
    TftpBench bench;
    bench.files["f"] = TftpBench::Target(fault);
    const auto sent = bench.request(kClient, rrq("f", {{"tsize", "0"}, {"blksize", "1024"}}));
    EXPECT_THAT(sent, ElementsAre(IsError(code))) << to_string(fault);
    EXPECT_EQ(bench.server.transfers(), 0U);
    EXPECT_EQ(bench.refused(reason_for(fault)), 1U);
  }
}

TEST(TftpErrors, NeverLetANameReachTheDiskThatLeavesTheRoot) {  // TSEC-01, TSEC-02
  TftpBench bench;
  for (const char* name : {"../s", "sub/../../s", "..\\s", "/../s", "sub/..", ""}) {
    EXPECT_THAT(bench.request(kClient, rrq(name)), ElementsAre(IsError(ErrorCode::AccessViolation)))
        << name;
  }
  for (const std::string& name : {std::string("f/"), std::string(400, 'x')}) {
    EXPECT_THAT(bench.request(kClient, rrq(name)), ElementsAre(IsError(ErrorCode::FileNotFound)));
  }
  EXPECT_THAT(bench.asked, IsEmpty());
  bench.request(kClient, rrq("/etc/hostname"));
  EXPECT_EQ(bench.asked.at(0).path, "etc/hostname");  // below the root
}

TEST(TftpErrors, RefuseEveryWrite) {  // TERR-03
  TftpBench bench;
  bench.add("f", pattern(10));
  for (const char* name : {"new", "f", "../x"}) {
    const Bytes wrq = tftp::encode(
        tftp::Request{.opcode = tftp::Opcode::Wrq, .filename = name, .options = {}, .trailer = {}});
    const auto sent = bench.request(kClient, wrq);
    ASSERT_THAT(sent, ElementsAre(IsError(ErrorCode::IllegalOperation)));
    EXPECT_EQ(error_text(sent[0]), "unsupported request from 192.168.77.50");
  }
  EXPECT_EQ(bench.refused(TftpReason::WriteRequest), 3U);
}

TEST(TftpErrors, AreNeverAnswered) {  // TERR-04, D2
  TftpBench bench;
  for (const Endpoint& to : {kRequestPort, Endpoint{kServerAddress, bench.server.ports().back()}}) {
    EXPECT_THAT(bench.send(kClient, to, error(4, "unsupported request")), IsEmpty());
    EXPECT_THAT(bench.send({kClient.address, 69}, to, error(5, "")), IsEmpty());
  }
  EXPECT_TRUE(bench.dropped(TftpReason::ErrorToRequestPort));
}

TEST(TftpErrors, DoNotAnswerWhatIsNoRequest) {  // TERR-05
  TftpBench bench;
  for (const unsigned opcode : {0U, 3U, 4U, 6U, 9U, 255U, 256U, 65535U}) {
    const Bytes packet{static_cast<std::uint8_t>(opcode >> 8U),
                       static_cast<std::uint8_t>(opcode & 0xffU), 0, 1};
    EXPECT_THAT(bench.send(kClient, kRequestPort, packet), IsEmpty()) << opcode;
  }
  EXPECT_THAT(bench.send(kClient, kRequestPort, Bytes{}), IsEmpty());
  EXPECT_THAT(bench.send(kClient, kRequestPort, Bytes{0}), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::TooShort));
  EXPECT_TRUE(bench.dropped(TftpReason::UnknownOpcode));
  EXPECT_TRUE(bench.dropped(TftpReason::NotARequest));
}

TEST(TftpErrors, RefuseABrokenRequest) {  // TERR-09, TFTP-06
  TftpBench bench;
  bench.add("f", pattern(10));
  const Bytes no_mode{0, 1, 'f', 0};
  const Bytes no_nuls{0, 1, 'f', 'o', 'c', 't', 'e', 't'};
  for (const Bytes& packet : {no_mode, no_nuls, Bytes{0, 1}, rrq("f", {}, "mail"),
                              rrq("f", {}, "foo"), rrq("f", {}, ""), Bytes(3000, 1)}) {
    const auto sent = bench.send(kClient, kRequestPort, packet);
    if (packet.size() == 3000) {
      EXPECT_THAT(sent, IsEmpty());  // opcode 0x0101
      continue;
    }
    EXPECT_THAT(sent, ElementsAre(IsError(ErrorCode::IllegalOperation))) << to_hex(packet);
  }
  EXPECT_THAT(bench.request(kClient, rrq(std::string(3000, 'x'))),
              ElementsAre(IsError(ErrorCode::IllegalOperation)));
}

TEST(TftpErrors, TellAStrangerAndLeaveTheTransferAlone) {  // TERR-06
  TftpBench bench;
  bench.add("f", pattern(1300));
  bench.request(kClient, rrq("f"));
  const Endpoint other_port{kClient.address, 4711};
  const auto sent = bench.answer(other_port, ack(1));
  ASSERT_THAT(sent, ElementsAre(IsError(ErrorCode::UnknownTransferId)));
  EXPECT_EQ(sent[0].destination, other_port);
  EXPECT_EQ(sent[0].source, bench.peer);
  EXPECT_EQ(error_text(sent[0]), "ignoring packet from 192.168.77.50 (TID mismatch)");
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
}

TEST(TftpErrors, OfAStrangerDisturbNobody) {  // TERR-07
  TftpBench bench;
  bench.add("f", pattern(1300));
  bench.request(kClient, rrq("f"));
  EXPECT_THAT(bench.answer(kStranger, error(0, "die")), IsEmpty());
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsData(2)));
}

TEST(TftpErrors, OfTheClientEndTheTransfer) {  // TERR-08
  for (const bool after_oack : {true, false}) {
    TftpBench bench;
    bench.add("f", pattern(5000));
    bench.request(kClient, rrq("f", {{"blksize", "600"}}));
    if (!after_oack) bench.answer(kClient, ack(0));
    EXPECT_THAT(bench.answer(kClient, error(after_oack ? 8 : 3, "no")), IsEmpty());
    EXPECT_THAT(bench.wait(60s), IsEmpty());
    EXPECT_EQ(bench.failed(TftpReason::ClientError), 1U);
    EXPECT_EQ(bench.events_of<TftpFailed>().at(0).client_code, after_oack ? 8 : 3);
  }
}

TEST(TftpErrors, EndATransferWhoseFileShrinks) {  // TERR-10
  TftpBench bench;
  const auto file = bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  file->truncate(700);
  const auto sent = bench.answer(kClient, ack(1));
  ASSERT_THAT(sent, ElementsAre(IsError(ErrorCode::NotDefined)));
  EXPECT_EQ(sent[0].source, bench.peer);
  EXPECT_EQ(bench.failed(TftpReason::FileChanged), 1U);
  EXPECT_EQ(bench.server.poll_timeout(), std::nullopt);
}

TEST(TftpErrors, EndATransferWhoseFileIsReplaced) {
  TftpBench bench;
  const auto file = bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f", {{"windowsize", "4"}}));
  bench.answer(kClient, ack(0));
  file->fault = FileFault::Changed;
  EXPECT_THAT(bench.answer(kClient, ack(4)), ElementsAre(IsError(ErrorCode::NotDefined)));
}

TEST(TftpErrors, DoNotAnswerServicesThatAnswerAnything) {  // TSEC-06
  TftpBench bench;
  bench.add("f", pattern(1300));
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 7, 13, 17, 19}) {
    EXPECT_THAT(bench.request({kClient.address, port}, rrq("f")), IsEmpty());
  }
  // Another TFTP server or a DHCP server gets its file, and what it says to that is not answered.
  EXPECT_THAT(bench.request({kClient.address, 69}, rrq("f")), ElementsAre(IsData(1)));
  EXPECT_THAT(bench.answer({kClient.address, 69}, error(4, "unsupported request")), IsEmpty());
  EXPECT_THAT(bench.request({kClient.address, 67}, rrq("f")), ElementsAre(IsData(1)));
  EXPECT_THAT(bench.answer({kClient.address, 67}, text_bytes(" !\"#$%&'()*+,-./0123")), IsEmpty());
}

TEST(TftpErrors, DoNotAnswerSourcesThatNobodyHas) {
  TftpBench bench;
  bench.add("f", pattern(10));
  for (const Ipv4Address address :
       {Ipv4Address{}, Ipv4Address::broadcast(), Ipv4Address::of(224, 0, 0, 1)}) {
    EXPECT_THAT(bench.request({address, 2070}, rrq("f")), IsEmpty());
    EXPECT_THAT(bench.send({address, 2070}, {kServerAddress, bench.server.ports().back()}, ack(1)),
                IsEmpty());
  }
}

// tftp-hpa 5.2 acknowledges an ERROR, and takes the ERROR 5 for that as the answer to its next
// request.
TEST(TftpErrors, LeaveAPacketForARefusedRequestAlone) {
  TftpBench bench;
  for (const char* name : {"missing", "../x"}) {
    EXPECT_THAT(bench.request(kClient, rrq(name)), SizeIs(1));
    EXPECT_THAT(bench.answer(kClient, ack(0)), IsEmpty()) << name;
  }
}

TEST(TftpErrors, LeaveLatePacketsOfAnEndedTransferAlone) {
  TftpBench bench;
  bench.add("f", pattern(10));
  bench.request(kClient, rrq("f"));
  bench.answer(kClient, ack(1));
  EXPECT_THAT(bench.answer(kClient, ack(1)), IsEmpty());
  EXPECT_TRUE(bench.dropped(TftpReason::LatePacket));
}

TEST(TftpErrors, TellAClientWhoseTransferWasGivenUp) {  // CONC-05
  TftpBench bench;
  bench.add("f", pattern(5000));
  bench.request(kClient, rrq("f"));
  while (bench.server.transfers() > 0) bench.next_timeout();
  EXPECT_THAT(bench.answer(kClient, ack(1)), ElementsAre(IsError(ErrorCode::UnknownTransferId)));
}

TEST(TftpErrors, AreBoundedWhenNobodyTakesThem) {
  TftpOptions options = bench_options();
  options.limits.replies = 10;
  TftpServer server(options, Random(1));
  for (int i = 0; i < 1000; ++i) {
    const Bytes packet = rrq("../x");
    server.on_datagram(
        kStart,
        {.source = kClient, .destination = kRequestPort, .interface_index = 2, .payload = packet});
  }
  OutgoingDatagram out;
  int sent = 0;
  while (server.poll_transmit(out)) ++sent;
  EXPECT_EQ(sent, 10);
}

TEST(TftpErrors, ShortenLongNamesAndEscapeOddOnes) {
  EXPECT_LT(error_text(TftpReason::FileNotFound, std::string(500, 'x'), kClient.address).size(),
            300U);
  EXPECT_THAT(error_text(TftpReason::FileNotFound, "a\nb", kClient.address), HasSubstr("a\\x0ab"));
}

}  // namespace
}  // namespace pxeproof::server
