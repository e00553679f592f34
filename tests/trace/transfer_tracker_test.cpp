#include "trace/transfer_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;

constexpr Endpoint kClient{Ipv4Address::of(10, 0, 0, 9), 49152};
constexpr Endpoint kListener{Ipv4Address::of(10, 0, 0, 1), 69};
constexpr Endpoint kSession{Ipv4Address::of(10, 0, 0, 1), 40001};
constexpr Instant kStart{};

// Feeds a dialogue, one packet a millisecond.
class TransferTrackerTest : public testing::Test {
 protected:
  void client_sends(const Endpoint& to, const tftp::Packet& packet) { pass(kClient, to, packet); }
  void server_sends(const tftp::Packet& packet) { pass(kSession, kClient, packet); }
  void request(std::vector<tftp::Option> options = {}) {
    client_sends(kListener, tftp::Request{.filename = "pxelinux.0", .options = std::move(options)});
  }
  void data(std::uint16_t block, const Bytes& content) { server_sends(tftp::Data{block, content}); }
  void ack(std::uint16_t block) { client_sends(kSession, tftp::Ack{block, {}}); }
  TransferStep ended() {
    const auto ended = tracker_.poll_ended();
    EXPECT_TRUE(ended);
    return ended ? ended->transfer : TransferStep{};
  }

  void see(std::uint32_t number, Instant at, const Endpoint& source, const Endpoint& destination,
           const Bytes& payload) {
    SeenPacket packet;
    packet.source = source;
    packet.destination = destination;
    packet.payload = payload;
    packet.payload_size = payload.size();
    tracker_.on_packet(number, at, packet);
  }

  TransferTracker tracker_;

 private:
  void pass(const Endpoint& source, const Endpoint& destination, const tftp::Packet& packet) {
    ++number_;
    see(number_, kStart + number_ * 1ms, source, destination, tftp::encode(packet));
  }
  std::uint32_t number_ = 0;
};

TEST_F(TransferTrackerTest, FollowsATransferToItsLastAcknowledgement) {
  request();
  data(1, Bytes(512, 'a'));
  ack(1);
  data(2, Bytes(3, 'b'));
  EXPECT_FALSE(tracker_.poll_ended());
  ack(2);
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Complete);
  EXPECT_EQ(transfer.octets, 515U);
  EXPECT_EQ(transfer.blocks, 2U);
  EXPECT_EQ(transfer.resent, 0U);
  EXPECT_EQ(transfer.server, kSession);
  EXPECT_EQ(transfer.ended - transfer.begun, 4ms);
  Bytes content(512, 'a');
  content.insert(content.end(), 3, 'b');
  EXPECT_EQ(transfer.sha256, sha256_hex(content));
}

TEST_F(TransferTrackerTest, UsesTheAcknowledgedBlockSizeForTheEnd) {
  request({{"blksize", "1432"}});
  server_sends(tftp::Oack{{{"blksize", "1432"}}, {}});
  ack(0);
  data(1, Bytes(1000, 'a'));
  ack(1);
  EXPECT_EQ(ended().outcome, TransferStep::Outcome::Complete);
}

// As a capture shows them on the machine of a server that leaves the cutting to its card.
TEST_F(TransferTrackerTest, CutsAWindowThatCameInOnePacket) {
  request({{"blksize", "600"}, {"windowsize", "3"}});
  server_sends(tftp::Oack{{{"blksize", "600"}, {"windowsize", "3"}}, {}});
  ack(0);
  Bytes joined(600, 'a');
  for (const Bytes& more : {tftp::encode(tftp::Data{2, Bytes(600, 'b')}),
                            tftp::encode(tftp::Data{3, Bytes(20, 'c')})}) {
    joined.insert(joined.end(), more.begin(), more.end());
  }
  data(1, joined);
  ack(3);
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Complete);
  EXPECT_EQ(transfer.blocks, 3U);
  EXPECT_EQ(transfer.octets, 1220U);
  Bytes content(600, 'a');
  content.insert(content.end(), 600, 'b');
  content.insert(content.end(), 20, 'c');
  EXPECT_EQ(transfer.sha256, sha256_hex(content));
}

TEST_F(TransferTrackerTest, LeavesABlockThatIsTooLongInOnePiece) {
  request({{"blksize", "600"}});
  server_sends(tftp::Oack{{{"blksize", "600"}}, {}});
  ack(0);
  data(1, Bytes(1300, 'a'));
  ack(1);
  data(2, Bytes(10, 'b'));
  ack(2);
  EXPECT_EQ(ended().blocks, 2U);
}

// A capture that lacks block 2 and its ACK: the client takes block 3, so the server was right.
TEST_F(TransferTrackerTest, TellsAHoleInTheCaptureFromABlockThatIsNotDue) {
  request();
  data(1, Bytes(512, 'a'));
  ack(1);
  data(3, Bytes(512, 'c'));
  ack(3);
  data(4, {});
  ack(4);
  TransferStep transfer = ended();
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Complete);
  EXPECT_EQ(transfer.octets, 3U * 512);
  EXPECT_FALSE(transfer.misnumbered);
  EXPECT_EQ(transfer.sha256, "");

  request();
  data(1, Bytes(512, 'a'));
  ack(1);
  data(1002, Bytes(512, 'b'));
  ack(1);
  tracker_.finish();
  transfer = ended();
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Unfinished);
  ASSERT_TRUE(transfer.misnumbered);
  EXPECT_EQ(transfer.misnumbered->number, 1002U);
  EXPECT_EQ(transfer.misnumbered->due, 2U);
}

// The capture ends before the client could say what it makes of the block.
TEST_F(TransferTrackerTest, BlamesNoServerForTheEndOfACapture) {
  request();
  data(1, Bytes(512, 'a'));
  ack(1);
  data(9, Bytes(512, 'i'));
  tracker_.finish();
  EXPECT_FALSE(ended().misnumbered);
}

// Several blocks and their ACKs are missing; the next ACK shows how far the client is.
TEST_F(TransferTrackerTest, LearnsFromAnAcknowledgementHowMuchTheCaptureLacks) {
  request();
  data(1, Bytes(512, 'a'));
  ack(1);
  data(40, Bytes(512, 'x'));
  ack(39);
  data(40, Bytes(512, 'x'));
  ack(40);
  data(41, {});
  ack(41);
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Complete);
  EXPECT_EQ(transfer.blocks, 41U);
  EXPECT_FALSE(transfer.misnumbered);
}

// Only what the server sends was captured, and not all of that.
TEST_F(TransferTrackerTest, GoesOnBehindAHoleInHalfACapture) {
  request();
  data(1, Bytes(512, 'a'));
  data(7, Bytes(512, 'g'));
  data(8, Bytes(512, 'h'));
  tracker_.finish();
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.blocks, 8U);
  EXPECT_FALSE(transfer.misnumbered);
}

TEST_F(TransferTrackerTest, CountsRepeatedPacketsOnce) {
  request();
  request();
  data(1, Bytes(512, 'a'));
  data(1, Bytes(512, 'a'));
  ack(1);
  data(2, {});
  ack(2);
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.octets, 512U);
  EXPECT_EQ(transfer.resent, 2U);
}

TEST_F(TransferTrackerTest, TellsASizeProbeFromARefusal) {
  request({{"tsize", "0"}});
  server_sends(tftp::Oack{{{"tsize", "5"}}, {}});
  client_sends(kSession,
               tftp::Error{.code = 8, .text = "User aborted the transfer", .trailer = {}});
  EXPECT_EQ(ended().outcome, TransferStep::Outcome::Aborted);

  request();
  server_sends(tftp::Error{.code = 1, .text = "not found", .trailer = {}});
  const TransferStep refused = ended();
  EXPECT_EQ(refused.outcome, TransferStep::Outcome::Refused);
  EXPECT_EQ(refused.error_code, 1);
}

TEST_F(TransferTrackerTest, IgnoresPacketsOfAnotherTransferIdentifier) {
  request();
  data(1, Bytes(512, 'a'));
  see(9, kStart, {kListener.address, 40002}, kClient,
      tftp::encode(tftp::Error{.code = 5, .text = "stray", .trailer = {}}));
  EXPECT_FALSE(tracker_.poll_ended());
}

TEST_F(TransferTrackerTest, LeavesNoHashWhenTheCaptureHasAGap) {
  request();
  data(1, Bytes(512, 'a'));
  data(3, Bytes(2, 'c'));
  ack(3);
  EXPECT_EQ(ended().sha256, "");
}

TEST_F(TransferTrackerTest, NamesWhatNeverAnsweredAndWhatStopped) {
  request();
  tracker_.finish();
  EXPECT_EQ(ended().outcome, TransferStep::Outcome::Unanswered);
  request();
  data(1, Bytes(512, 'a'));
  tracker_.finish();
  EXPECT_EQ(ended().outcome, TransferStep::Outcome::Unfinished);
}

TEST_F(TransferTrackerTest, CountsPastTheBlockNumberWrap) {
  request({{"blksize", "8"}});
  server_sends(tftp::Oack{{{"blksize", "8"}}, {}});
  for (std::uint64_t block = 1; block <= 65537; ++block) {
    data(static_cast<std::uint16_t>(block), Bytes(8, 'a'));
  }
  data(2, Bytes(1, 'z'));
  ack(2);
  const TransferStep transfer = ended();
  EXPECT_EQ(transfer.blocks, 65538U);
  EXPECT_EQ(transfer.octets, 65537U * 8 + 1);
}

}  // namespace
}  // namespace pxeproof::trace
