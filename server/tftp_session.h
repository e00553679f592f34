#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "protocol/bytes.h"
#include "protocol/file_service.h"
#include "protocol/time.h"
#include "server/netascii.h"
#include "server/retransmission_timer.h"
#include "server/tftp_reason.h"

namespace pxeproof::server {

enum class TransferMode : std::uint8_t { Octet, Netascii };

// How one file goes to one client, after negotiation.
struct TransferTerms {
  TransferMode mode = TransferMode::Octet;
  std::uint16_t block_size = 512;  // octets
  std::uint16_t window_size = 1;   // blocks sent before an ACK must come
  Bytes oack;                      // sent first and acknowledged by ACK 0; empty: DATA at once
  RetransmissionLimits retransmission;
  std::chrono::milliseconds repeated_request{20};  // a request repeated sooner is a copy the
                                                   // network made, and not answered again
};

// One transfer from its first answer on, whoever the client is. Blocks are counted from 1 without
// wrap; on the wire 0 follows 65535.
//
//                      ACK 0                     ACK of the last block
//   (oack) -> Negotiating -> Sending -----------------------------> Ended
//   (no oack) ---------------^   |  read fault, no answer             ^
//                                '------------------------------------'
class TftpSession {
 public:
  TftpSession(std::shared_ptr<FileContent> content, TransferTerms terms, Instant now);

  // The client acknowledged a block; nullopt when that moved the transfer on, else why it did not.
  std::optional<TftpReason> on_ack(Instant now, std::uint16_t block);

  // The client sent its request again: it may have missed the first answer.
  void on_repeated_request(Instant now);

  void on_timeout(Instant now);

  // The next datagram: head is overwritten, body points into the content and is valid until the
  // next on_* call. A read fault ends the session.
  bool poll_transmit(Bytes& head, ByteView& body);
  bool wants_to_transmit() const;

  std::optional<Instant> poll_timeout() const;

  // True from the first sound ACK on: somebody is there.
  bool answered() const { return answered_; }
  // Nothing had to be sent again since the last answer, or the client was heard a moment ago: a
  // request that comes once more is a copy that was late. A machine that was switched on again
  // needs longer than that.
  bool flowing(Instant now) const {
    return answered_ && (!timer_.resent() || now - heard_ < kMoment);
  }
  bool negotiating() const { return std::holds_alternative<Negotiating>(state_); }

  bool ended() const { return std::holds_alternative<Ended>(state_); }
  // Why it ended; nullopt when the last block was acknowledged.
  std::optional<TftpReason> failure() const;

  std::uint64_t acknowledged_octets() const { return acknowledged_octets_; }
  std::uint64_t resent() const { return resent_; }  // datagrams
  const std::shared_ptr<FileContent>& content() const { return content_; }
  const TransferTerms& terms() const { return terms_; }

 private:
  struct Negotiating {
    bool oack_due;
    Instant sent;
  };
  struct Sending {
    std::uint64_t acknowledged = 0;
    std::uint64_t next = 1;     // to be sent
    std::uint64_t highest = 0;  // sent so far
    // Copies of blocks up to here may be under way, so an ACK that comes twice up to here may be
    // the answer to one of them.
    std::uint64_t copies_until = 0;
    Instant window_sent{};
    // When an ACK last made everything after it go out again.
    std::optional<Instant> went_back{};
    std::uint8_t times_back = 0;  // since an ACK of more
    // Everything after the last ACK goes out again then, unless an ACK of more comes first.
    std::optional<Instant> gap_proven_at{};
    // A client that loses the end of window after window has not room for all of it at once: then
    // it goes out in pieces. A smaller window would be no help, as the client acknowledges only a
    // whole one.
    struct Pieces {
      std::uint64_t size;                // blocks
      std::uint64_t until;               // the last block that may go out now
      std::optional<Instant> next_at{};  // until is moved on then
      std::uint8_t losses = 0;
      std::uint8_t windows_without_loss = 0;
    };
    Pieces pieces{};
    // A block whose ACK will measure the round trip: it was sent once.
    struct Sample {
      std::uint64_t block;
      Instant sent;
    };
    std::optional<Sample> sample{};
  };
  struct Ended {
    std::optional<TftpReason> failure;
  };

  static constexpr std::chrono::seconds kMoment{3};

  void start_sending(Instant now);
  std::optional<TftpReason> on_duplicate(Instant now, Sending& sending);
  void on_progress(Instant now, Sending& sending);
  void go_back(Instant now, Sending& sending);
  void choose_size_of_pieces(Sending::Pieces& pieces) const;
  void begin_piece(Instant now, Sending& sending) const;
  Duration expected_round_trip() const;
  Instant proof_of_a_gap(const Sending& sending) const;
  static std::optional<Duration> take_sample(Instant now, Sending& sending);
  bool sooner_than_a_round_trip(Duration elapsed) const;
  bool send_block(Sending& sending, Bytes& head, ByteView& body);
  Result<std::size_t, FileFault> read_block(std::uint64_t block, Bytes& head, ByteView& body);

  std::shared_ptr<FileContent> content_;
  TransferTerms terms_;
  std::optional<NetasciiBlocks> netascii_;
  RetransmissionTimer timer_;
  std::variant<Negotiating, Sending, Ended> state_;
  std::optional<std::uint64_t> last_block_;  // known from the start, in netascii when reached
  std::uint64_t acknowledged_octets_ = 0;
  std::uint64_t resent_ = 0;
  Instant heard_{};  // the last sound ACK, new or not
  bool answered_ = false;
};

}  // namespace pxeproof::server
