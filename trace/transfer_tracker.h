#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"
#include "trace/file_head.h"
#include "trace/seen_packet.h"
#include "trace/sha256.h"

namespace pxeproof::trace {

// Stands for the end of a name that the capture cut off.
inline constexpr std::string_view kCutNameMark = "...";

// One TFTP read, from its request to its end.
struct TransferStep {
  enum class Outcome {
    Complete,    // the last block was acknowledged
    Aborted,     // the client sent ERROR; after an OACK that is the usual size probe
    Refused,     // the server sent ERROR
    Unanswered,  // no answer at all
    Unfinished,  // it went silent in the middle
  };
  Outcome outcome = Outcome::Unanswered;
  Endpoint client;
  Endpoint server;  // the port is the server's transfer identifier once it answered
  std::string filename;
  bool name_cut = false;     // the capture's snap length left its end out: "memte..."
  bool request_cut = false;  // it left out the end of the request: mode and options are not known
  bool oack_cut = false;     // of an OACK: the block size may be another, and so the octets
  bool error_cut = false;    // of the ERROR
  std::string mode;
  std::vector<tftp::Option> requested;
  std::vector<tftp::Option> acknowledged;
  std::uint16_t block_size = tftp::kDefaultBlockSize;
  std::uint64_t octets = 0;  // of file content, in order
  std::uint64_t blocks = 0;  // DATA packets of new content
  std::uint64_t resent = 0;  // packets seen again: requests, OACKs, DATA
  std::optional<std::uint16_t> error_code;
  std::string error_text;
  std::string sha256;  // of the content; empty when octets are missing from the capture
  Instant begun;
  Instant ended;

  // How it went, for those who look for the reason of a failure.
  Ipv4Address asked;           // where the request was sent
  PacketFacts packet;          // of the first request
  std::uint32_t requests = 1;  // times the request was sent from this port
  std::optional<Instant> first_answer;
  Duration longest_pause{0};             // between two packets of it
  std::uint16_t window_size = 1;         // RFC 7440, as acknowledged
  std::uint64_t acknowledged_block = 0;  // by the client, without wrap
  std::uint32_t acknowledgements = 0;    // ACK packets of the client
  std::uint32_t oacks = 0;
  std::uint32_t oacks_after_ack = 0;  // of these, after the client acknowledged, and before DATA
  bool last_block_seen = false;
  bool error_by_client = false;
  enum class Side { Client, Server };
  Side last_sender = Side::Client;
  struct Stranger {  // an answer to the request from another address than it was sent to
    Endpoint source;
    std::uint32_t packet = 0;
  };
  std::optional<Stranger> stranger;
  std::uint32_t fragments = 0;   // pieces of IP datagrams from the server while it ran
  std::uint32_t runts = 0;       // packets of the server that are no TFTP at all
  std::uint32_t late = 0;        // packets of the server after the client's ERROR
  std::uint32_t late_oacks = 0;  // of these, OACKs sent again
  FileHead head;                 // by the first block, as captured
  bool wrapped_wrong = false;    // after block 65535 came block 1 instead of 0
  struct Misnumbered {           // a block that was not due, and that the client did not take
    std::uint16_t number = 0;
    std::uint16_t due = 0;
    std::uint32_t packet = 0;
  };
  std::optional<Misnumbered> misnumbered;
};

// Follows TFTP reads from port 69 to their transfer identifiers.
class TransferTracker {
 public:
  // A UDP datagram between a client and a server; others are ignored. A snap length may have cut
  // its payload.
  void on_packet(std::uint32_t number, Instant at, const SeenPacket& packet);

  // A later piece of a fragmented datagram: it has no ports.
  void on_fragment(Ipv4Address server, Ipv4Address client);

  // Whether a transfer of this client's endpoint is open or has just ended.
  bool knows(const Endpoint& client) const;

  // Ends all that is open.
  void finish();

  struct Ended {
    TransferStep transfer;
    std::uint32_t first_packet = 0;
    std::uint32_t last_packet = 0;
  };
  std::optional<Ended> poll_ended();

  // What is open, as it would end now.
  std::vector<Ended> look_at_open() const;

  // A packet of the server for a transfer that the client had ended with ERROR.
  struct Late {
    std::uint32_t transfer_packet = 0;  // the transfer's first packet
    std::uint32_t packet = 0;
    bool is_oack = false;
  };
  std::optional<Late> poll_late();

 private:
  struct Open {
    TransferStep transfer;
    std::uint32_t first_packet = 0;
    std::uint32_t last_packet = 0;
    bool answered = false;
    std::optional<std::uint64_t> last_block;  // the number of the short block, once seen
    std::size_t last_block_size = 0;
    bool content_whole = true;
    Sha256 hash;
    // A block beyond the window. Either the capture lacks what came before it, which the client's
    // ACK or the block after it shows, or the server counts wrong.
    struct Ahead {
      std::uint64_t block = 0;
      std::size_t content_size = 0;
      std::uint32_t packet = 0;
      bool passed_over = false;  // by the client, which asked for the block due once more
    };
    std::optional<Ahead> ahead;
  };
  using Key = std::pair<Endpoint, Ipv4Address>;  // the client's endpoint and the server's address

  void on_request(std::uint32_t number, Instant at, const SeenPacket& seen,
                  const tftp::Request& request);
  void from_server(std::map<Key, Open>::iterator which, std::uint32_t number,
                   const SeenPacket& seen);
  void from_client(std::map<Key, Open>::iterator which, std::uint32_t number,
                   const SeenPacket& seen);
  bool is_stranger(std::uint32_t number, const SeenPacket& seen);
  bool is_late(std::uint32_t number, const SeenPacket& seen);
  static void on_server_packet(Open& open, std::uint32_t number, Instant at,
                               const tftp::Packet& packet, std::size_t content_size);
  static void on_oack(Open& open, const tftp::Oack& oack);
  static void on_data(Open& open, std::uint32_t number, const tftp::Data& data,
                      std::size_t content_size);
  static void take_block(Open& open, std::uint64_t block, std::size_t content_size);
  static void on_ack(Open& open, std::uint16_t block);
  static void touch(Open& open, std::uint32_t number, Instant at, TransferStep::Side side);
  void end(std::map<Key, Open>::iterator which, TransferStep::Outcome outcome);

  Instant now_;
  std::map<Key, Open> open_;
  std::deque<Ended> ended_;
  std::deque<Late> late_;
  std::size_t late_told_ = 0;
  struct Stopped {  // by the client's ERROR, not long ago
    Key key;
    std::uint32_t first_packet = 0;
  };
  std::deque<Stopped> stopped_;
};

}  // namespace pxeproof::trace
