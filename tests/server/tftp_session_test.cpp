#include "server/tftp_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/tftp/packet.h"
#include "tests/server/tftp_bench.h"

namespace pxeproof::server {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::IsData;
using ::testing::IsEmpty;
using testing::kStart;
using testing::MemoryFile;
using testing::pattern;
using testing::Sent;

std::vector<Sent> drain(TftpSession& session) {
  std::vector<Sent> sent;
  Bytes head;
  ByteView body;
  while (session.poll_transmit(head, body)) {
    sent.push_back({{}, {}, head});
    sent.back().octets.insert(sent.back().octets.end(), body.begin(), body.end());
  }
  return sent;
}

TransferTerms window_terms(std::uint16_t window) {
  return {.block_size = 1000, .window_size = window, .oack = {}, .retransmission = {}};
}

TEST(TftpSession, ResendsTheWholeWindowAfterTimeout) {  // TWIN-05
  TftpSession session(std::make_shared<MemoryFile>(pattern(4000)), window_terms(3), kStart);
  EXPECT_THAT(drain(session), ElementsAre(IsData(1), IsData(2), IsData(3)));

  session.on_timeout(kStart + 1s);

  EXPECT_THAT(drain(session), ElementsAre(IsData(1), IsData(2), IsData(3)));
  EXPECT_EQ(session.poll_timeout(), kStart + 3s);  // RFC 2349 fixes no backoff; ours doubles.
}

TEST(TftpSession, SendsTheOackAloneUntilBlockZeroIsAcknowledged) {  // TOPT-01
  TransferTerms terms = window_terms(2);
  tftp::encode_oack({{"blksize", "1000"}}, terms.oack);
  TftpSession session(std::make_shared<MemoryFile>(pattern(4000)), terms, kStart);
  const auto oack = drain(session);
  ASSERT_EQ(oack.size(), 1U);
  EXPECT_EQ(oack[0].octets, terms.oack);
  EXPECT_EQ(session.on_ack(kStart, 1), TftpReason::FutureAck);
  EXPECT_THAT(drain(session), IsEmpty());

  session.on_timeout(kStart + 1s);
  EXPECT_EQ(drain(session)[0].octets, terms.oack);  // TLOSS-03

  EXPECT_EQ(session.on_ack(kStart + 1s, 0), std::nullopt);
  EXPECT_THAT(drain(session), ElementsAre(IsData(1), IsData(2)));
}

TEST(TftpSession, DoesNothingWhenTimeoutsComeEarlyOrTwice) {
  TftpSession session(std::make_shared<MemoryFile>(pattern(4000)), window_terms(3), kStart);
  drain(session);
  session.on_timeout(kStart + 999ms);
  EXPECT_THAT(drain(session), IsEmpty());
  session.on_timeout(kStart + 1s);
  session.on_timeout(kStart + 1s);
  EXPECT_THAT(drain(session), ElementsAre(IsData(1), IsData(2), IsData(3)));
}

TEST(TftpSession, EndsWhenTheLastBlockIsAcknowledged) {
  TftpSession session(std::make_shared<MemoryFile>(pattern(1500)), window_terms(3), kStart);
  EXPECT_THAT(drain(session), ElementsAre(IsData(1), IsData(2)));
  EXPECT_EQ(session.on_ack(kStart, 2), std::nullopt);
  EXPECT_TRUE(session.ended());
  EXPECT_EQ(session.failure(), std::nullopt);
  EXPECT_EQ(session.poll_timeout(), std::nullopt);
  EXPECT_EQ(session.acknowledged_octets(), 1500U);
}

TEST(TftpSession, TellsAMissingLastAckFromALostClient) {  // D3
  for (const bool whole_file_sent : {true, false}) {
    TftpSession session(std::make_shared<MemoryFile>(pattern(whole_file_sent ? 1500 : 9000)),
                        window_terms(3), kStart);
    drain(session);
    while (const auto deadline = session.poll_timeout()) {
      session.on_timeout(*deadline);
      drain(session);
    }
    EXPECT_EQ(session.failure(),
              whole_file_sent ? TftpReason::LastBlockUnacknowledged : TftpReason::NoAnswer);
  }
}

}  // namespace
}  // namespace pxeproof::server
